import { add, mul, reduceSum, softplus } from "../graph/index.ts";
import { diagonal } from "./_diagonal.ts";
import { withPairs } from "./_negatives.ts";
import { type ContrastiveLoss, logitsOf } from "./contrastive-loss.ts";

/**
 * SigLIP: each of the B² pairs is an independent binary classification.
 *
 *   L = 1/B Σ_ij softplus(-z_ij (l_ij + b)),   z = 1 for the pairs, -1 for all others
 *
 * @see Zhai et al. 2023, arXiv:2303.15343, algorithm 1; there scale and bias are learned from 10 and -10
 */
export const siglip: ContrastiveLoss = (image, text, { scale, bias = -10, negatives, paired }) => {
  const batch = image.shape[0]!;
  const { logits } = logitsOf(image, text, scale);
  const against = diagonal(batch, -1, 1, logits); // -z
  const each = softplus(mul(against, add(logits, bias))); // [B, B]
  return mul(reduceSum(negatives || paired ? mul(each, withPairs(logits, negatives, paired)) : each), 1 / batch);
};
