import { ConfigError, InputError, ShapeError } from "../../errors.ts";
import { rangeOf } from "../../image/index.ts";
import type { IntensityProperties, NormalisationScheme } from "../plan/types.ts";

/** Statistics of the data set's foreground that CT normalisation reads. */
export type ForegroundIntensities = Pick<IntensityProperties, "mean" | "std" | "percentile_00_5" | "percentile_99_5">;

/** What a scheme may look at beside the pixels. */
interface NormalisationContext {
  /** Labels [H, W]; where they are given, only pixels of label 0 and above count and change (`use_mask_for_norm`). */
  readonly within?: Int16Array | undefined;
  readonly intensities?: ForegroundIntensities | undefined;
}

/** Normalises one channel [H, W] into a new array; float64 inside. */
type Normalisation = (plane: Float32Array, context: NormalisationContext) => Float32Array;

/** Smallest divisor, so that a constant image does not divide by zero. */
const least = 1e-8;

/** (x - mean) / std of the image, or of the pixels within the mask; the others then stay as they are. */
const zScore: Normalisation = (plane, { within }) => {
  let count = 0;
  let sum = 0;
  for (let i = 0; i < plane.length; i++) {
    if (within !== undefined && within[i]! < 0) continue;
    count++;
    sum += plane[i]!;
  }
  if (count === 0) return plane.slice();
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < plane.length; i++) {
    if (within !== undefined && within[i]! < 0) continue;
    const difference = plane[i]! - mean;
    squares += difference * difference;
  }
  const std = Math.max(Math.sqrt(squares / count), least);
  const out = new Float32Array(plane.length);
  for (let i = 0; i < plane.length; i++) out[i] = within !== undefined && within[i]! < 0 ? plane[i]! : (plane[i]! - mean) / std;
  return out;
};

/** Clipped to the 0.5th and 99.5th percentile of the data set's foreground, then z-scores with its mean and standard deviation. */
const ct: Normalisation = (plane, { intensities }) => {
  if (intensities === undefined) {
    throw new ConfigError("CTNormalization needs the foreground intensities of the data set, which the plans hold for each channel.");
  }
  const { mean, percentile_00_5: low, percentile_99_5: high } = intensities;
  const std = Math.max(intensities.std, least);
  const out = new Float32Array(plane.length);
  for (let i = 0; i < plane.length; i++) {
    const value = plane[i]!;
    out[i] = ((value < low ? low : value > high ? high : value) - mean) / std;
  }
  return out;
};

/** (x - min) / (max - min) of the image. */
const rescale: Normalisation = (plane) => {
  const [low, high] = rangeOf(plane);
  const range = Math.max(high - low, least);
  const out = new Float32Array(plane.length);
  for (let i = 0; i < plane.length; i++) out[i] = (plane[i]! - low) / range;
  return out;
};

/** 8-bit colours divided by 255. */
const rgb: Normalisation = (plane) => {
  const [low, high] = rangeOf(plane);
  if (low < 0 || high > 255) {
    throw new InputError(`RGBTo01Normalization: values must lie in 0 to 255, got ${low} to ${high}. Convert the image to 8 bits.`);
  }
  const out = new Float32Array(plane.length);
  for (let i = 0; i < plane.length; i++) out[i] = plane[i]! / 255;
  return out;
};

/** The normalisations by their names in plans; a new one is a row here. Only z-scores look at the mask. */
const normalisations: Readonly<Record<NormalisationScheme, Normalisation>> = {
  ZScoreNormalization: zScore,
  CTNormalization: ct,
  NoNormalization: (plane) => plane.slice(),
  RescaleTo01Normalization: rescale,
  RGBTo01Normalization: rgb,
};

/** Settings of one channel's normalisation. */
export interface ChannelNormalisation {
  readonly scheme: NormalisationScheme;
  /** Whether only pixels that are not zero in all channels count; for z-scores. */
  readonly useMask: boolean;
  /** Needed by CTNormalization. */
  readonly intensities?: ForegroundIntensities | undefined;
}

/**
 * Normalises the channels of an image, each by its scheme.
 *
 * @param data - [C, H, W]
 * @param labels - [H, W]; -1 where all channels are zero
 * @throws ShapeError when there are other numbers of channels and schemes
 */
export function normalise(data: Float32Array, labels: Int16Array, channels: readonly ChannelNormalisation[]): Float32Array {
  if (data.length !== channels.length * labels.length) {
    throw new ShapeError(
      `normalise: the plans normalise ${channels.length} channels of ${labels.length} pixels, the image has ${data.length} values in all`,
    );
  }
  const size = labels.length;
  const out = new Float32Array(data.length);
  for (const [c, { scheme, useMask, intensities }] of channels.entries()) {
    const plane = data.subarray(c * size, (c + 1) * size);
    out.set(normalisations[scheme](plane, { within: useMask ? labels : undefined, intensities }), c * size);
  }
  return out;
}
