import { normal, type RandomStream } from "../../tensor/random.ts";
import { between, type Range, seedFrom } from "../ranges.ts";
import { checkPlanes, type Planes } from "../types.ts";

export interface NoiseParameters {
  /** Standard deviation, in the image's values. */
  readonly sigma: number;
  /** Whether each channel has noise of its own, as colour cameras have; otherwise gray images stay gray. */
  readonly perChannel: boolean;
  readonly seed: number;
}

/** Draws a standard deviation, one for all channels, and the seed of the noise. */
export function drawNoise(
  u: RandomStream,
  { sigma, perChannel }: { readonly sigma: Range; readonly perChannel: boolean },
): NoiseParameters {
  return { sigma: between(sigma, u.at(0)), perChannel, seed: seedFrom(u.at(1)) };
}

/**
 * Adds normal noise. For any range of values: `sigma` is in the image's values, so nnU-Net's 0 to 0.1 of z-scored images is 0 to about 6 gray
 * levels.
 *
 * @see GaussianNoiseTransform of batchgeneratorsv2, whose "variance" is used as the standard deviation
 */
export function gaussianNoise(image: Planes, { sigma, perChannel, seed }: NoiseParameters): Planes {
  checkPlanes(image, "gaussianNoise");
  const data = image.data.slice();
  if (sigma === 0) return { ...image, data };
  const noise = normal("augment/noise", seed, perChannel ? data.length : image.height * image.width);
  for (let first = 0; first < data.length; first += noise.length) {
    for (let i = 0; i < noise.length; i++) data[first + i] = data[first + i]! + sigma * noise[i]!;
  }
  return { ...image, data };
}
