import { add, logSumExp, mul, reduceMean, sub, swapLast, type Value } from "../graph/index.ts";
import { column, maskOf, withPairs } from "./_negatives.ts";
import { type ContrastiveLoss, logitsOf } from "./contrastive-loss.ts";

/**
 * InfoNCE, CLIP's loss: the cross-entropy of finding the right text among all of the batch, and the right image, averaged.
 *
 *   L = mean_i( ½ LSE_j l_ij + ½ LSE_j l_ji - l_ii ),   l = cosine / τ
 *
 * @see Radford et al. 2021, arXiv:2103.00020, figure 3
 */
export const infoNce: ContrastiveLoss = (image, text, { scale, negatives, paired }) => {
  const { logits, positives } = logitsOf(image, text, scale);
  const counted = negatives ? add(logits, maskOf(withPairs(logits, negatives))) : logits; // [B, B]
  const weights = paired && column(paired); // [B, 1]
  const mean = (each: Value) => reduceMean(weights ? mul(each, weights) : each);
  const toText = mean(logSumExp(counted, 1)); // []
  const toImage = mean(swapLast(logSumExp(counted, 0))); // []
  return sub(mul(add(toText, toImage), 0.5), mean(positives));
};
