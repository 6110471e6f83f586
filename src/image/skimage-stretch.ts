import { checkSize } from "./_raster.ts";
import { rangeOf } from "./levels.ts";
import { splineCoefficients, splineWeights } from "./spline.ts";
import type { Image, Size } from "./types.ts";

/** Standard deviations that a Gaussian reaches to each side. */
const reach = 4;

/** How near to a whole number a value is taken for it: the spline's rounding errors are some 1e-13. */
const noise = 1e-9;

/** Channels of an image. */
const channels = 3;

/**
 * Stretches an image to a size by an interpolating cubic B-spline, mirrored at the edges, after smoothing where it shrinks: skimage's `resize` of
 * order 3 with antialiasing, as 0.26 computes it.
 *
 *   position = (i + 0.5) · in / out - 0.5,   σ = (in / out - 1) / 2 along each axis that shrinks
 *
 * The spline overshoots at edges; the result is clipped to the range of the image, all channels together.
 *
 * @returns [H, W, 3] levels between whole numbers, in float64; such as would be whole but for rounding errors are whole
 * @throws ShapeError when the size is not at least 1 x 1
 */
export function skimageStretch({ width, height, data }: Image, size: Size): Size & { readonly data: Float64Array } {
  checkSize(size, "skimageStretch");
  const [least, greatest] = rangeOf(data);
  const across = splineAxis(width, size.width);
  const down = splineAxis(height, size.height);
  const out = new Float64Array(size.width * size.height * channels);
  for (let channel = 0; channel < channels; channel++) {
    const plane = Float64Array.from({ length: width * height }, (_, i) => data[i * channels + channel]!);
    smooth(plane, height, width, width, 1, (height / size.height - 1) / 2);
    smooth(plane, width, 1, height, width, (width / size.width - 1) / 2);
    const coefficients = splineCoefficients(plane, height, width);
    const rows = blendRows(coefficients, width, height, across); // [H, w]
    for (let y = 0; y < size.height; y++) {
      const [a, b, c, d] = down.taps.subarray(4 * y) as unknown as [number, number, number, number];
      const [p, q, r, s] = down.weights.subarray(4 * y) as unknown as [number, number, number, number];
      const n = size.width;
      for (let x = 0, o = y * n * channels + channel; x < n; x++, o += channels) {
        const value = p * rows[a * n + x]! + q * rows[b * n + x]! + r * rows[c * n + x]! + s * rows[d * n + x]!;
        const near = Math.round(value);
        out[o] = Math.min(greatest, Math.max(least, Math.abs(value - near) < noise ? near : value));
      }
    }
  }
  return { ...size, data: out };
}

/** The four coefficients that each position of an axis is made of, and their weights. */
interface SplineAxis {
  readonly taps: Int32Array;
  readonly weights: Float64Array;
}

function splineAxis(length: number, size: number): SplineAxis {
  const axis = { taps: new Int32Array(4 * size), weights: new Float64Array(4 * size) };
  for (let i = 0; i < size; i++) {
    const at = (i + 0.5) * (length / size) - 0.5;
    const low = Math.floor(at);
    for (let k = 0; k < 4; k++) axis.taps[4 * i + k] = mirrored(low - 1 + k, length);
    splineWeights(at - low, axis.weights, 4 * i);
  }
  return axis;
}

/** An index beyond the ends of an axis, mirrored at the centres of its outermost samples. */
function mirrored(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * length - 2;
  const within = ((index % period) + period) % period;
  return within < length ? within : period - within;
}

function blendRows(coefficients: Float64Array, width: number, height: number, { taps, weights }: SplineAxis): Float64Array {
  const size = taps.length / 4;
  const rows = new Float64Array(height * size);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0, t = 0; x < size; x++, o++) {
      let sum = 0;
      for (let k = 0; k < 4; k++, t++) sum += weights[t]! * coefficients[y * width + taps[t]!]!;
      rows[o] = sum;
    }
  }
  return rows;
}

/** Smooths `lines` lines of a plane in place by a Gaussian: `length` samples each, `step` apart, the lines `apart` from one another. */
function smooth(plane: Float64Array, length: number, step: number, lines: number, apart: number, sigma: number): void {
  if (!(sigma > 0)) return;
  const radius = Math.floor(reach * sigma + 0.5);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const around = Int32Array.from({ length: length + 2 * radius }, (_, i) => mirrored(i - radius, length));
  const line = new Float64Array(length);
  for (let l = 0; l < lines; l++) {
    const start = l * apart;
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = 0; k <= 2 * radius; k++) sum += weights[k]! * plane[start + around[i + k]! * step]!;
      line[i] = sum / total;
    }
    for (let i = 0; i < length; i++) plane[start + i * step] = line[i]!;
  }
}
