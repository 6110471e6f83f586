import { exp, mul, neg, softplus, sub, type Value } from "../graph/index.ts";
import { checkMasks, pixelMean } from "./dice.ts";

/**
 * -t ln p - (1 - t) ln (1 - p) of each pixel, p = σ(logit): softplus(l) - t l, which neither overflows nor loses small values.
 *
 * @param target - of the shape of the logits, in [0, 1]
 */
export function binaryCrossEntropy(logits: Value, target: Value): Value {
  return sub(softplus(logits), mul(target, logits));
}

/**
 * Focal loss of each mask: cross-entropy in which pixels that are right already count little.
 *
 *   L = mean( a_t (1 - p_t)² · -ln p_t ),   p_t the probability of what is true, a_t = 0.25 on the target and 0.75 beside it
 *
 * @param logits - [..., H, W]
 * @param target - of the same shape, 0 or 1
 * @returns [...], one loss a mask
 * @see Lin et al. 2017, arXiv:1708.02002
 */
export function focal(logits: Value, target: Value): Value {
  checkMasks("focal", logits, target);
  const crossEntropy = binaryCrossEntropy(logits, target); // -ln p_t, [..., H, W]
  const wrong = sub(1, exp(neg(crossEntropy))); // 1 - p_t
  const balance = sub(0.75, mul(target, 0.5));
  return pixelMean(mul(mul(balance, mul(wrong, wrong)), crossEntropy));
}
