import { rangeOf } from "../../image/index.ts";
import type { RandomStream } from "../../tensor/random.ts";
import { factorsIn, type Range } from "../ranges.ts";
import { checkPlanes, type PerChannel, type Planes, planesWith } from "../types.ts";
import { meanOf } from "./_statistics.ts";

export interface ContrastParameters {
  readonly factor: PerChannel<number>;
}

/** Draws a factor for each channel: below or above 1, half each. */
export function drawContrast(u: RandomStream, { factor }: { readonly factor: Range }, channels = 1): ContrastParameters {
  return { factor: factorsIn(u, factor, channels) };
}

/**
 * Scales the differences to the mean of each channel and clips them to the channel's range before:
 *
 *   result = clip((x - mean) factor + mean, min x, max x)
 *
 * For any range of values; no value leaves the range of the image. A factor of 1 changes nothing.
 *
 * @see ContrastTransform of batchgeneratorsv2, with `preserve_range=True`
 */
export function contrast(image: Planes, { factor }: ContrastParameters): Planes {
  checkPlanes(image, "contrast");
  const result = { ...image, data: image.data.slice() };
  for (const [plane, scale] of planesWith(result, factor, "contrast")) {
    if (scale === 1) continue;
    const [least, greatest] = rangeOf(plane);
    const mean = meanOf(plane);
    for (let i = 0; i < plane.length; i++) {
      const value = (plane[i]! - mean) * scale + mean;
      plane[i] = value < least ? least : value > greatest ? greatest : value;
    }
  }
  return result;
}
