import { dscOf, iouOf, type Mask, overlap } from "../image/index.ts";
import { checkedMasks } from "./_checked.ts";

/**
 * Dice similarity coefficient, 2 |M ∩ T| / (|M| + |T|), in [0, 1].
 *
 * Two empty masks agree (1); the released evaluation stops on them instead.
 *
 * @throws ShapeError when the sizes differ
 */
export function dsc(mask: Mask, truth: Mask): number {
  const checked = checkedMasks("dsc", mask, truth);
  return dscOf(overlap(checked.mask, checked.truth));
}

/**
 * Intersection over union, |M ∩ T| / |M ∪ T|, in [0, 1]; 1 for two empty masks.
 *
 * @throws ShapeError when the sizes differ
 */
export function iou(mask: Mask, truth: Mask): number {
  const checked = checkedMasks("iou", mask, truth);
  return iouOf(overlap(checked.mask, checked.truth));
}
