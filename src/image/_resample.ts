import { channelsOf, type Raster } from "./_raster.ts";

/** The filters of Pillow that are written here, by Pillow's names. */
export type PillowFilter = "bilinear" | "bicubic" | "lanczos" | "box" | "nearest";

interface Kernel {
  /** Half of the kernel's width, in input pixels where the picture is not made smaller. */
  readonly support: number;
  readonly at: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const kernels: Record<Exclude<PillowFilter, "nearest">, Kernel> = {
  box: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, at: (x) => cubic(Math.abs(x), -0.5) },
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Keys' cubic convolution with the free parameter a, for x >= 0. */
function cubic(x: number, a: number): number {
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/**
 * Which input samples make each output sample of one axis, and with which weights.
 *
 * Output i is the sum over t < count[i] of input[first[i] + t] times weights[start[i] + t].
 * Weights are fixed-point numbers with 22 bits after the point.
 */
export interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly start: Int32Array;
  readonly weights: Int32Array;
}

const fractionBits = 22;

/** The taps that take an axis of `length` samples to one of `size`, as Pillow computes them. */
export function tapsOf(length: number, size: number, filter: PillowFilter): Taps {
  return filter === "nearest" ? nearestTaps(length, size) : filterTaps(length, size, kernels[filter]);
}

function filterTaps(length: number, size: number, kernel: Kernel): Taps {
  const scale = length / size;
  const stretch = Math.max(scale, 1); // making smaller widens the kernel, so that every input sample counts
  const support = kernel.support * stretch;
  const most = Math.ceil(support) * 2 + 1;
  const taps = emptyTaps(size, most);
  const row = new Float64Array(most);
  for (let i = 0; i < size; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(length, Math.trunc(centre + support + 0.5)) - first;
    let sum = 0;
    for (let t = 0; t < count; t++) {
      row[t] = kernel.at((first + t - centre + 0.5) * (1 / stretch));
      sum += row[t]!;
    }
    taps.first[i] = first;
    taps.count[i] = count;
    taps.start[i] = i * most;
    for (let t = 0; t < count; t++) {
      const weight = (sum === 0 ? row[t]! : row[t]! / sum) * 2 ** fractionBits;
      taps.weights[i * most + t] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return taps;
}

/** One tap of weight 1. Pillow adds the step up instead of multiplying, and so do we: the sums may round differently. */
function nearestTaps(length: number, size: number): Taps {
  const taps = emptyTaps(size, 1);
  const step = length / size;
  for (let i = 0, position = step * 0.5; i < size; i++, position += step) {
    taps.first[i] = Math.min(Math.trunc(position), length - 1);
    taps.count[i] = 1;
    taps.start[i] = i;
    taps.weights[i] = 2 ** fractionBits;
  }
  return taps;
}

const emptyTaps = (size: number, most: number): Taps => ({
  first: new Int32Array(size),
  count: new Int32Array(size),
  start: new Int32Array(size),
  weights: new Int32Array(size * most),
});

/** The taps of the outputs from `from` up to `to` (exclusive) alone: the rest of the result is never computed. */
export function outputs(taps: Taps, from: number, to: number): Taps {
  return {
    first: taps.first.subarray(from, to),
    count: taps.count.subarray(from, to),
    start: taps.start.subarray(from, to),
    weights: taps.weights,
  };
}

/**
 * The taps for an axis of which only the `length` samples from `offset` on are at hand, all others being 0.
 * It gives what padding with zeros gives, without the padded array.
 */
export function zeroPadded(taps: Taps, offset: number, length: number): Taps {
  const size = taps.first.length;
  const clipped = { ...emptyTaps(size, 0), weights: taps.weights };
  for (let i = 0; i < size; i++) {
    const from = Math.max(taps.first[i]!, offset);
    const to = Math.min(taps.first[i]! + taps.count[i]!, offset + length);
    if (to <= from) continue; // count 0: the output is black
    clipped.first[i] = from - offset;
    clipped.count[i] = to - from;
    clipped.start[i] = taps.start[i]! + from - taps.first[i]!;
  }
  return clipped;
}

/**
 * Resamples rows, rounds to 8 bits, then resamples columns and rounds again: [H, W, C] to [y, x, C].
 * Sums are 32-bit integers, which the weights (|sum| < 1.5 · 2²²) cannot overflow.
 */
export function resample(image: Raster<Uint8Array>, x: Taps, y: Taps): Raster<Uint8Array<ArrayBuffer>> {
  const channels = channelsOf(image, "resample");
  let top = image.height;
  let bottom = 0;
  for (let i = 0; i < y.first.length; i++) {
    if (y.count[i] === 0) continue;
    top = Math.min(top, y.first[i]!);
    bottom = Math.max(bottom, y.first[i]! + y.count[i]!);
  }
  const rowLength = x.first.length * channels;
  const rows = resampleRows(image, channels, x, top, bottom); // [bottom - top, x, C]
  return { width: x.first.length, height: y.first.length, data: resampleColumns(rows, rowLength, y, top) };
}

const half = 2 ** (fractionBits - 1);

function resampleRows(image: Raster<Uint8Array>, channels: number, taps: Taps, top: number, bottom: number): Uint8ClampedArray {
  const { data, width } = image;
  const { first, count, start, weights } = taps;
  const size = first.length;
  const out = new Uint8ClampedArray(Math.max(0, bottom - top) * size * channels);
  for (let y = top, o = 0; y < bottom; y++) {
    const row = y * width * channels;
    for (let x = 0; x < size; x++) {
      const from = start[x]!;
      const to = from + count[x]!;
      const left = row + first[x]! * channels;
      if (channels === 3) {
        // The same sums as below, side by side: each weight is read once.
        let [red, green, blue] = [half, half, half];
        for (let w = from, i = left; w < to; w++, i += 3) {
          const weight = weights[w]!;
          red = (red + Math.imul(weight, data[i]!)) | 0;
          green = (green + Math.imul(weight, data[i + 1]!)) | 0;
          blue = (blue + Math.imul(weight, data[i + 2]!)) | 0;
        }
        out[o++] = red >> fractionBits;
        out[o++] = green >> fractionBits;
        out[o++] = blue >> fractionBits;
        continue;
      }
      for (let c = 0; c < channels; c++) {
        let sum = half;
        for (let w = from, i = left + c; w < to; w++, i += channels) sum = (sum + Math.imul(weights[w]!, data[i]!)) | 0;
        out[o++] = sum >> fractionBits;
      }
    }
  }
  return out;
}

function resampleColumns(rows: Uint8ClampedArray, rowLength: number, taps: Taps, top: number): Uint8Array<ArrayBuffer> {
  const size = taps.first.length;
  const out = new Uint8ClampedArray(size * rowLength);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < size; y++) {
    sums.fill(half);
    for (let t = 0; t < taps.count[y]!; t++) {
      const weight = taps.weights[taps.start[y]! + t]!;
      const row = (taps.first[y]! - top + t) * rowLength;
      for (let i = 0; i < rowLength; i++) sums[i] = sums[i]! + Math.imul(weight, rows[row + i]!);
    }
    for (let i = 0; i < rowLength; i++) out[y * rowLength + i] = sums[i]! >> fractionBits;
  }
  return new Uint8Array(out.buffer);
}
