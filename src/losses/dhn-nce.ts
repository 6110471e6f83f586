import { ShapeError } from "../errors.ts";
import { add, detach, logSumExp, mul, reduceMean, softplus, sub, swapLast, type Value } from "../graph/index.ts";
import { column, negativesOf } from "./_negatives.ts";
import { type ContrastiveLoss, type ContrastiveOptions, logitsOf } from "./contrastive-loss.ts";

/**
 * Decoupled hard-negative noise contrastive estimation (DHN-NCE), both directions summed, mean over the batch.
 *
 *   L_v→t = mean_i( -l_ii + log( α exp(l_ii) + Σ_{j≠i} W_ij exp(l_ij) ) ),      l = cosine / τ
 *   W_ij  = (B - 1) exp(β₁ l_ij) / Σ_{k≠i} exp(β₁ l_ik)                          (β₂ and lᵀ for t→v)
 *
 * Negatives weigh the more the closer they are, one on average. With α = 0, the default, the positive is absent from the
 * denominator, so the loss may be negative. In logarithms, with LSE over j ≠ i, the sum over the negatives is
 * LSE((1 + β) l) - LSE(β l) + log(B - 1): nothing overflows however small τ is.
 *
 * Where some pairs are no negatives, B - 1 is the number of those that are, row by row.
 *
 * @throws ShapeError when the batch has fewer than 2 pairs, as there would be no negatives
 * @see Koleilat et al. 2024, arXiv:2409.19483, section III-A; weights from Radenovic et al. 2023, arXiv:2301.02280
 * @remarks The published code takes the logarithm of each negative term, not of their sum: see `releasedDhnNce`.
 */
export const dhnNce: ContrastiveLoss = (image, text, options) => {
  const batch = image.shape[0]!;
  if (batch < 2) throw new ShapeError(`dhnNce: a batch of ${batch} has no negatives; at least 2 pairs are needed`);
  const { logits, positives } = logitsOf(image, text, options.scale);
  const { beta1 = 0.15, beta2 = 0.15, negatives } = options;
  const toText = oneDirection(logits, positives, beta1, options);
  const toImage = oneDirection(swapLast(logits), positives, beta2, negatives ? { ...options, negatives: swapLast(negatives) } : options);
  return add(toText, toImage);
};

/** The decoupled contrastive loss: DHN-NCE without weights. @see Yeh et al. 2022, arXiv:2110.06848 */
export const dcl: ContrastiveLoss = (image, text, options) => dhnNce(image, text, { ...options, alpha: 0, beta1: 0, beta2: 0 });

/** The hard-negative loss with the positive in the denominator: α = 1. @see Radenovic et al. 2023, arXiv:2301.02280 */
export const hnNce: ContrastiveLoss = (image, text, options) => dhnNce(image, text, { ...options, alpha: 1 });

function oneDirection(logits: Value, positives: Value, beta: number, options: ContrastiveOptions): Value {
  const { alpha = 0, detachWeights = false } = options;
  const { mask, logCount, isAny } = negativesOf(logits, options.negatives);
  const overNegatives = (x: Value) => logSumExp(add(x, mask), 1); // [B, 1]
  const hardness = mul(logits, beta); // β l
  const meanWeight = sub(overNegatives(hardness), logCount); // [B, 1]
  const logWeights = sub(hardness, meanWeight); // log W, [B, B]
  const negatives = overNegatives(add(logits, detachWeights ? detach(logWeights) : logWeights)); // [B, 1]
  const each = sub(alpha > 0 ? logAddExp(negatives, add(positives, Math.log(alpha))) : negatives, positives); // [B, 1]
  const counted = isAny ? mul(each, isAny) : each;
  return reduceMean(options.paired ? mul(counted, column(options.paired)) : counted);
}

/** ln(eᵃ + eᵇ). */
function logAddExp(a: Value, b: Value): Value {
  return add(a, softplus(sub(b, a)));
}
