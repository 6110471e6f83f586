import type { Mask } from "../image/types.ts";
import { checkedMasks, expectSameSize } from "./_checked.ts";

/** How many pixels two masks have, and share. */
export interface Overlap {
  readonly maskPx: number;
  readonly truthPx: number;
  readonly sharedPx: number;
}

/** @throws ShapeError when the sizes differ */
export function overlap(mask: Mask, truth: Mask): Overlap {
  expectSameSize("overlap", mask, truth);
  let maskPx = 0;
  let truthPx = 0;
  let sharedPx = 0;
  const [{ data: ours }, { data: theirs }] = [mask, truth];
  for (let i = 0; i < theirs.length; i++) {
    const inMask = ours[i]! > 0 ? 1 : 0;
    const inTruth = theirs[i]! > 0 ? 1 : 0;
    maskPx += inMask;
    truthPx += inTruth;
    sharedPx += inMask & inTruth;
  }
  return { maskPx, truthPx, sharedPx };
}

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

/** `dsc` of two masks with such an overlap. */
export function dscOf({ maskPx, truthPx, sharedPx }: Overlap): number {
  return maskPx + truthPx === 0 ? 1 : (2 * sharedPx) / (maskPx + truthPx);
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

/** `iou` of two masks with such an overlap. */
export function iouOf({ maskPx, truthPx, sharedPx }: Overlap): number {
  return maskPx + truthPx === 0 ? 1 : sharedPx / (maskPx + truthPx - sharedPx);
}
