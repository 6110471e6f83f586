import type { GrayImage, Image, Mask } from "../../image/index.ts";
import type { ResultPlace } from "../../results/layout.ts";
import { resultWriters } from "../../results/writers.ts";
import type { Geometry } from "../../scans/sources/image-source.ts";
import { labelMap } from "../../segment/index.ts";
import { labelOf, type Target } from "../../targets/target.ts";
import type { RefineResult } from "./steps.ts";

/** The format of masks. */
export const writer = resultWriters.png;

/** Result for one target. */
interface RefinedTarget {
  readonly target: Target;
  readonly coarse: Mask;
  readonly saliency?: GrayImage | undefined;
  readonly refined: RefineResult;
}

/** An image with its results. */
interface RefinedImage {
  readonly image: Image;
  readonly geometry: Geometry | undefined;
  readonly targets: readonly RefinedTarget[];
  /** Notice shown with every result. */
  readonly note: string | undefined;
}

/** Pixel spacing from the user, for files without one. */
export function givenGeometry({ spacing }: Partial<Geometry> | { readonly spacing?: undefined }): Geometry | undefined {
  return spacing && { spacing };
}

/** Writes the masks of an image. @param side - `imageSize` of the SAM model that made them */
export async function writeMasks(place: ResultPlace, { image, geometry, targets, note }: RefinedImage, side: number): Promise<void> {
  const labelled = targets.map(({ target, refined }) => ({
    value: labelOf(target, place.all),
    mask: refined.mask,
    logits: refined.logits,
  }));
  const labels = place.all.length > 1 ? labelMap(labelled, image, side) : undefined;
  const results = targets.map(({ target, coarse, saliency, refined: { mask, boxes, points } }) => ({
    target,
    mask,
    coarse,
    saliency,
    boxes,
    points,
  }));
  await writer.write(place, { image, geometry, targets: results, labels, note });
}
