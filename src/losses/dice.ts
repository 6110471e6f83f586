import { ShapeError } from "../errors.ts";
import { add, div, mul, reduceMean, reduceSum, sigmoid, sub, type Value } from "../graph/index.ts";
import { sameShape } from "../tensor/tensor.ts";

/**
 * Soft Dice loss of each mask, with squares in the denominator as MONAI's `DiceLoss(sigmoid, squared_pred)` has them.
 *
 *   L = 1 - (2 Σ p t + ε) / (Σ p² + Σ t² + ε),   p = σ(logit), ε = 1e-5
 *
 * @param logits - [..., H, W]
 * @param target - of the same shape, 0 or 1
 * @returns [...], one loss a mask
 * @see Milletari et al. 2016, arXiv:1606.04797; the loss of MedSAM (Ma et al. 2024, arXiv:2304.12306) beside cross-entropy
 */
export function diceSquared(logits: Value, target: Value): Value {
  const p = probabilities("diceSquared", logits, target);
  return ratio(p, target, add(overPixels(mul(p, p)), overPixels(mul(target, target))), 1e-5);
}

/**
 * Soft Dice loss of each mask without squares, as DETR and SAM have it.
 *
 *   L = 1 - (2 Σ p t + 1) / (Σ p + Σ t + 1),   p = σ(logit)
 *
 * @param logits - [..., H, W]
 * @param target - of the same shape, 0 or 1
 * @returns [...], one loss a mask
 */
export function dicePlain(logits: Value, target: Value): Value {
  const p = probabilities("dicePlain", logits, target);
  return ratio(p, target, add(overPixels(p), overPixels(target)), 1);
}

/** Mean over height and width: [..., H, W] to [...]. */
export function pixelMean(x: Value): Value {
  return reduceMean(x, [-2, -1]);
}

/** @throws ShapeError when a target does not have the shape of the logits, or they are no masks */
export function checkMasks(what: string, logits: Value, target: Value): void {
  if (logits.shape.length < 2 || !sameShape(logits.shape, target.shape)) {
    throw new ShapeError(`${what}: logits and target must both be [..., H, W], got [${logits.shape}] and [${target.shape}]`);
  }
}

function probabilities(what: string, logits: Value, target: Value): Value {
  checkMasks(what, logits, target);
  return sigmoid(logits);
}

function ratio(p: Value, target: Value, sum: Value, smooth: number): Value {
  return sub(1, div(add(mul(overPixels(mul(p, target)), 2), smooth), add(sum, smooth)));
}

function overPixels(x: Value): Value {
  return reduceSum(x, [-2, -1]);
}
