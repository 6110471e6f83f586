import type { RandomStream } from "../../tensor/random.ts";
import { factorsIn, type Range } from "../ranges.ts";
import { checkPlanes, type PerChannel, type Planes, planesWith } from "../types.ts";

export interface BrightnessParameters {
  readonly factor: PerChannel<number>;
}

/** Draws a factor for each channel: below or above 1, half each. */
export function drawBrightness(u: RandomStream, { factor }: { readonly factor: Range }, channels = 1): BrightnessParameters {
  return { factor: factorsIn(u, factor, channels) };
}

/**
 * Multiplies each channel by its factor. On normalised images it scales the differences to the mean, as nnU-Net applies it; 8-bit levels may
 * exceed 255.
 *
 * @see MultiplicativeBrightnessTransform of batchgeneratorsv2
 */
export function brightness(image: Planes, { factor }: BrightnessParameters): Planes {
  checkPlanes(image, "brightness");
  const result = { ...image, data: image.data.slice() };
  for (const [plane, scale] of planesWith(result, factor, "brightness")) {
    for (let i = 0; i < plane.length; i++) plane[i] = plane[i]! * scale;
  }
  return result;
}
