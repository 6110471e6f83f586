import { checkSameSize } from "../check/pictures.ts";
import type { Mask } from "./types.ts";

/** How many pixels two masks have, and share. */
export interface Overlap {
  readonly maskPx: number;
  readonly truthPx: number;
  readonly sharedPx: number;
}

/** @throws ShapeError when the sizes differ */
export function overlap(mask: Mask, truth: Mask): Overlap {
  checkSameSize("overlap", { ...mask, name: "mask" }, { ...truth, name: "truth" });
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

/** DSC of two masks with such an overlap; two empty masks agree (1). */
export function dscOf({ maskPx, truthPx, sharedPx }: Overlap): number {
  return maskPx + truthPx === 0 ? 1 : (2 * sharedPx) / (maskPx + truthPx);
}

/** Intersection over union of two masks with such an overlap; two empty masks agree (1). */
export function iouOf({ maskPx, truthPx, sharedPx }: Overlap): number {
  return maskPx + truthPx === 0 ? 1 : sharedPx / (maskPx + truthPx - sharedPx);
}
