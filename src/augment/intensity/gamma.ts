import { rangeOf } from "../../image/index.ts";
import type { RandomStream } from "../../tensor/random.ts";
import { factorsIn, type Range } from "../ranges.ts";
import { checkPlanes, type PerChannel, type Planes, planesWith } from "../types.ts";
import { meanAndStd } from "./_statistics.ts";

export interface GammaParameters {
  readonly gamma: PerChannel<number>;
  /** Whether it acts on the negative, so that bright values are spread instead of dark ones. */
  readonly inverted: boolean;
}

/** Draws an exponent for each channel: below or above 1, half each. */
export function drawGamma(
  u: RandomStream,
  { gamma, inverted }: { readonly gamma: Range; readonly inverted: boolean },
  channels = 1,
): GammaParameters {
  return { gamma: factorsIn(u, gamma, channels), inverted };
}

/**
 * Gamma correction of each channel over its own range, after which its mean and standard deviation are what they were:
 *
 *   y = ((x - min) / (max - min))^γ (max - min) + min,   result = (y - mean y) std x / std y + mean x
 *
 * For any range of values; 8-bit levels may leave 0 to 255. γ = 1 changes nothing.
 *
 * @see GammaTransform of batchgeneratorsv2, with `p_retain_stats=1`
 */
export function gamma(image: Planes, parameters: GammaParameters): Planes {
  checkPlanes(image, "gamma");
  const result = { ...image, data: image.data.slice() };
  for (const [plane, exponent] of planesWith(result, parameters.gamma, "gamma")) {
    if (exponent !== 1) correct(plane, exponent, parameters.inverted ? -1 : 1);
  }
  return result;
}

/** @param sign - -1 for the negative */
function correct(plane: Float32Array, exponent: number, sign: 1 | -1): void {
  const [least, greatest] = rangeOf(plane);
  const before = meanAndStd(plane);
  const low = sign === 1 ? least : -greatest;
  const span = greatest - least;
  const scale = 1 / Math.max(span, 1e-7);
  for (let i = 0; i < plane.length; i++) {
    const share = (sign * plane[i]! - low) * scale;
    plane[i] = Math.exp(exponent * Math.log(share)) * span + low; // in a third of the time of **; 0 at 0
  }
  const after = meanAndStd(plane);
  const stretch = before.std / Math.max(after.std, 1e-7);
  for (let i = 0; i < plane.length; i++) plane[i] = sign * (plane[i]! - after.mean) * stretch + before.mean;
}
