import { blend, blendBytes, type LinearAxis, linearAxis, perSample } from "./_linear.ts";
import { channelsOf, checkSize, type Raster } from "./_raster.ts";
import { plainBytes, type Tap, type WeightAxis, weightAxis, weightedSums } from "./_weights.ts";
import type { Size } from "./types.ts";

/**
 * Resizes as OpenCV's INTER_AREA: each output pixel is the mean of the input it covers, which shrinks pictures without aliasing.
 *
 *   output i covers the input [i · s, (i + 1) · s),   s = length / size;   an input pixel weighs as much as is covered of it
 *
 * Where both directions grow, an output pixel covers two input pixels of each at most, and their shares are the weights of a blend.
 *
 * @param raster - [H, W] or [H, W, C]
 * @throws ShapeError when the size is not at least 1 x 1, or the data do not fit the raster's size
 *
 * @remarks As OpenCV, this blends two samples of both directions as soon as one of them grows: the other one, where it shrinks, is
 *   then not averaged.
 */
export function opencvArea<Data extends Uint8Array | Float32Array>(raster: Raster<Data>, size: Size): Raster<Data> {
  checkSize(size, "opencvArea");
  const channels = channelsOf(raster, "opencvArea");
  const [wide, high] = [raster.width / size.width, raster.height / size.height];
  const resized = wide < 1 || high < 1 ? blended : Number.isInteger(wide) && Number.isInteger(high) ? blockMeans : averaged;
  return { width: size.width, height: size.height, data: resized(raster, channels, size) as Data };
}

type Resized = (raster: Raster<Uint8Array | Float32Array>, channels: number, size: Size) => Uint8Array | Float32Array;

const averaged: Resized = ({ width, height, data }, channels, size) => {
  const x = coveredAxis(width, size.width, scaleOf(width, size.width));
  const y = coveredAxis(height, size.height, scaleOf(height, size.height));
  const length = size.width * size.height * channels;
  if (data instanceof Float32Array) return weightedSums(data, { width, channels }, x, y, new Float32Array(length));
  return plainBytes(weightedSums(data, { width, channels }, x, y, new Uint8ClampedArray(length)));
};

/** Sums of whole pixels, divided once: exact for bytes. Halves go to the even level, but those of 2 x 2 pixels go up, as in OpenCV. */
const blockMeans: Resized = ({ width, height, data }, channels, size) => {
  const [x, y] = [coveredAxis(width, size.width, 1), coveredAxis(height, size.height, 1)];
  const sums = weightedSums(data, { width, channels }, x, y, new Float32Array(size.width * size.height * channels));
  const area = (width / size.width) * (height / size.height);
  const isHalved = width === 2 * size.width && height === 2 * size.height;
  if (data instanceof Uint8Array && isHalved) {
    const levels = new Uint8Array(sums.length);
    for (let i = 0; i < levels.length; i++) levels[i] = (sums[i]! + 2) >> 2;
    return levels;
  }
  const means = data instanceof Float32Array ? new Float32Array(sums.length) : new Uint8ClampedArray(sums.length);
  for (let i = 0; i < means.length; i++) means[i] = sums[i]! / area;
  return means instanceof Float32Array ? means : plainBytes(means);
};

const blended: Resized = ({ width, height, data }, channels, size) => {
  const x = perSample(sharedAxis(width, size.width), channels);
  const y = sharedAxis(height, size.height);
  return data instanceof Float32Array ? blend(data, width * channels, x, y) : blendBytes(data, width * channels, x, y);
};

const scaleOf = (length: number, size: number): number => 1 / (size / length);

/**
 * An input pixel's weight is the length of it that the output pixel covers, in units of `unit`; a border pixel of which less than a
 * thousandth is covered is left out, as in OpenCV.
 */
function coveredAxis(length: number, size: number, unit: number): WeightAxis {
  const scale = scaleOf(length, size);
  return weightAxis(size, (i) => {
    const [from, to] = [i * scale, Math.min((i + 1) * scale, length)];
    const taps: Tap[] = [];
    for (let k = Math.floor(from); k < to; k++) {
      const covered = Math.min(k + 1, to) - Math.max(k, from);
      if (covered > 1e-3) taps.push([k, covered / unit]);
    }
    return taps;
  });
}

/** The second input pixel's weight is the share of the output pixel that lies beyond the border between the two. */
function sharedAxis(length: number, size: number): LinearAxis {
  const scale = scaleOf(length, size);
  return linearAxis(size, 0, length, (i) => {
    const low = Math.floor(i * scale);
    const beyond = Math.fround(i + 1 - (low + 1) * (size / length));
    return low + (beyond <= 0 ? 0 : beyond - Math.floor(beyond));
  });
}
