import type { ResultPlace } from "../../../results/layout.ts";
import type { ImageResult, ResultWriter, TargetResult } from "../../../results/result-writer.ts";
import { resultWriters } from "../../../results/writers.ts";
import type { Geometry } from "../../../scans/sources/image-source.ts";
import { type Enlarge, labelMap } from "../../../segment/index.ts";
import { labelOf } from "../../../targets/target.ts";
import type { RefineResult } from "../steps/refine-step.ts";

/** The format of masks. */
export const writer = resultWriters.png;

/** An image with the results of its targets. */
interface RefinedImage extends ImageResult {
  readonly targets: readonly (TargetResult & Pick<RefineResult, "logits">)[];
}

/** Pixel spacing from the user, for files without one. */
export function givenGeometry({ spacing }: Partial<Geometry> | { readonly spacing?: undefined }): Geometry | undefined {
  return spacing && { spacing };
}

/**
 * Writes the masks of an image.
 *
 * @param enlarge - of the SAM model that made them
 * @param by - by default `writer`
 */
export async function writeMasks(place: ResultPlace, result: RefinedImage, enlarge: Enlarge, by: ResultWriter = writer): Promise<void> {
  const labelled = result.targets.map(({ target, mask, logits }) => ({ value: labelOf(target, place.all), mask, logits }));
  const labels = place.all.length > 1 ? labelMap(labelled, result.image, enlarge) : undefined;
  await by.write(place, { ...result, labels });
}
