import { ShapeError } from "../errors.ts";
import { add, div, logSumExp, max, mul, reduceMean, reduceSum, softplus, sub, swapLast, type Value } from "../graph/index.ts";
import { diagonal } from "./_diagonal.ts";
import { column, maskOf, withPairs } from "./_negatives.ts";
import { type ContrastiveLoss, logitsOf } from "./contrastive-loss.ts";

/**
 * DHN-NCE as the released training code computes it, to compare with published numbers; it is not the paper's loss.
 *
 *   X     = l with 0 on the diagonal (so a spurious term e⁰ = 1 stays in each sum)
 *   N_ij  = (B - 1) exp(β X_ij) / Σ_k exp(X_jk) · exp(X_ij)       (the sum of row j, where row i is meant)
 *   P_ij  = exp(l_ii) where i = j, else 1
 *   L     = mean_ij( -log(P / (α P + N)) ) in both directions
 *
 * No sum over negatives is ever taken: each entry has its own logarithm. A negative that is closer than average thus gets a
 * gradient that pulls it closer, and the positive pair gets 1/B of the intended one. Pairs that are no negatives (not in the released
 * code) are left out of sums and mean, and rows of pairs that are no positives of the mean.
 *
 * @see the published repository of MedCLIP-SAMv2, loss of the modified open_clip trainer
 */
export const releasedDhnNce: ContrastiveLoss = (image, text, options) => {
  const { scale, alpha = 0, beta1 = 0.15, beta2 = 0.15, negatives: allowed, paired } = options;
  const batch = image.shape[0]!;
  if (batch < 2) throw new ShapeError(`releasedDhnNce: a batch of ${batch} has no negatives; at least 2 pairs are needed`);
  const { logits } = logitsOf(image, text, scale);
  const positives = mul(logits, diagonal(batch, 1, 0, logits)); // log P, [B, B]
  const counted = allowed && withPairs(logits, allowed);
  const oneDirection = (l: Value, beta: number, entries?: Value): Value => {
    const masked = mul(l, diagonal(batch, 0, 1, l)); // X
    const sums = swapLast(logSumExp(entries ? add(masked, maskOf(entries)) : masked, 1)); // [1, B]: along the last axis, as released
    const negatives = sub(add(mul(masked, 1 + beta), Math.log(batch - 1)), sums); // log N
    const d = sub(negatives, positives);
    // log(α P + N) - log P = log(α + exp(log N - log P))
    const each = alpha > 0 ? add(softplus(sub(d, Math.log(alpha))), Math.log(alpha)) : d; // [B, B]
    const weights = paired ? mul(entries ?? diagonal(batch, 1, 1, l), column(paired)) : entries; // [B, B]
    return weights ? div(reduceSum(mul(each, weights)), max(reduceSum(weights), 1)) : reduceMean(each);
  };
  return add(oneDirection(logits, beta1, counted), oneDirection(swapLast(logits), beta2, counted && swapLast(counted)));
};
