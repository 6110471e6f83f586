import { type Raster, requirePlane } from "./_raster.ts";
import { rangeOf } from "./levels.ts";
import { splineCoefficients, splineWeights } from "./spline.ts";
import type { Size } from "./types.ts";

/** Edge pixels by which a plane is extended, so that what lies beyond is its edge and not its mirror image. */
const margin = 12;

/**
 * Resizes by an interpolating cubic B-spline, the edge repeated: skimage's `resize` of order 3 with mode "edge" and no antialiasing.
 * The spline overshoots at edges; the result is clipped to the range of the plane.
 *
 *   position = (i + 0.5) · in / out - 0.5
 *
 * Float64 inside. Cost: about 30 operations an input and output pixel.
 *
 * @param plane - [H, W], of any range
 * @throws ShapeError when the size is not at least 1 x 1, or the data do not fit the plane's size
 */
export function skimageCubic(plane: Raster<Float32Array>, size: Size): Raster<Float32Array<ArrayBuffer>> {
  requirePlane(plane, size, "skimageCubic");
  const { height, width, data } = plane;
  const padded = { height: height + 2 * margin, width: width + 2 * margin };
  const coefficients = splineCoefficients(extended(plane), padded.height, padded.width);
  const across = splineAxis(width, size.width);
  const down = splineAxis(height, size.height);
  const lines = new Float64Array(padded.height * size.width); // blended along rows
  for (let y = 0, o = 0; y < padded.height; y++) {
    const row = y * padded.width;
    for (let x = 0, w = 0; x < size.width; x++, w += 4, o++) {
      const at = row + across.first[x]!;
      lines[o] =
        across.weights[w]! * coefficients[at]! +
        across.weights[w + 1]! * coefficients[at + 1]! +
        across.weights[w + 2]! * coefficients[at + 2]! +
        across.weights[w + 3]! * coefficients[at + 3]!;
    }
  }
  const [least, greatest] = rangeOf(data);
  const out = new Float32Array(size.height * size.width);
  const n = size.width;
  for (let y = 0, o = 0; y < size.height; y++) {
    const [a, b, c, d] = down.weights.subarray(4 * y) as unknown as [number, number, number, number];
    for (let x = 0, at = down.first[y]! * n; x < n; x++, at++, o++) {
      const value = a * lines[at]! + b * lines[at + n]! + c * lines[at + 2 * n]! + d * lines[at + 3 * n]!;
      out[o] = value < least ? least : value > greatest ? greatest : value;
    }
  }
  return { ...size, data: out };
}

function extended({ height, width, data }: Raster<Float32Array>): Float64Array {
  const length = width + 2 * margin;
  const out = new Float64Array((height + 2 * margin) * length);
  for (let y = 0; y < height; y++) {
    const row = (y + margin) * length;
    out.fill(data[y * width]!, row, row + margin);
    out.set(data.subarray(y * width, (y + 1) * width), row + margin);
    out.fill(data[(y + 1) * width - 1]!, row + margin + width, row + length);
  }
  for (let y = 0; y < margin; y++) {
    out.copyWithin(y * length, margin * length, (margin + 1) * length);
    out.copyWithin((margin + height + y) * length, (margin + height - 1) * length, (margin + height) * length);
  }
  return out;
}

/** For each position of an axis the first of its four coefficients, in the extended plane, and their weights. */
function splineAxis(length: number, size: number): { first: Int32Array; weights: Float64Array } {
  const axis = { first: new Int32Array(size), weights: new Float64Array(4 * size) };
  for (let i = 0; i < size; i++) {
    const at = (i + 0.5) * (length / size) - 0.5 + margin;
    const low = Math.floor(at);
    axis.first[i] = low - 1;
    splineWeights(at - low, axis.weights, 4 * i);
  }
  return axis;
}

/**
 * Resizes by linear interpolation: skimage's `resize` of order 1 with mode "edge" and no antialiasing. Positions as in `skimageCubic`, kept within
 * the plane. Float64 inside.
 *
 * @param plane - [H, W], of any range
 * @throws ShapeError when the size is not at least 1 x 1, or the data do not fit the plane's size
 */
export function skimageLinear(plane: Raster<Float32Array>, size: Size): Raster<Float32Array<ArrayBuffer>> {
  requirePlane(plane, size, "skimageLinear");
  const { width, data } = plane;
  const across = linearAxis(width, size.width);
  const down = linearAxis(plane.height, size.height);
  const out = new Float32Array(size.height * size.width);
  for (let y = 0, o = 0; y < size.height; y++) {
    const above = down.low[y]! * width;
    const below = down.high[y]! * width;
    const fy = down.weight[y]!;
    for (let x = 0; x < size.width; x++, o++) {
      const left = across.low[x]!;
      const right = across.high[x]!;
      const fx = across.weight[x]!;
      out[o] =
        (1 - fy) * ((1 - fx) * data[above + left]! + fx * data[above + right]!) +
        fy * ((1 - fx) * data[below + left]! + fx * data[below + right]!);
    }
  }
  return { ...size, data: out };
}

interface LinearAxis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Of the sample at `high`. */
  readonly weight: Float64Array;
  readonly nearest: Int32Array;
}

function linearAxis(length: number, size: number): LinearAxis {
  const axis = { low: new Int32Array(size), high: new Int32Array(size), weight: new Float64Array(size), nearest: new Int32Array(size) };
  for (let i = 0; i < size; i++) {
    const at = Math.min(length - 1, Math.max(0, (i + 0.5) * (length / size) - 0.5));
    const low = Math.floor(at);
    axis.low[i] = low;
    axis.high[i] = Math.min(length - 1, low + 1);
    axis.weight[i] = at - low;
    axis.nearest[i] = Math.floor(at + 0.5);
  }
  return axis;
}

/**
 * How labels are resized, each as the indicator of its pixels: `largest` takes the label whose indicator is largest (batchgenerators 0.25.5), `half`
 * any whose indicator is at least 0.5, the greatest of several, and 0 where there is none (older versions).
 */
export type LabelRule = "largest" | "half";

/**
 * Resizes labels, each by linear interpolation of its indicator. With `largest`, of equal labels the one of the nearest pixel is taken if it is
 * among them, otherwise the smallest.
 *
 * @param labels - [H, W], of any values
 * @throws ShapeError when the size is not at least 1 x 1, or the data do not fit the plane's size
 */
export function skimageLabels(labels: Raster<Int16Array>, size: Size, rule: LabelRule = "largest"): Raster<Int16Array<ArrayBuffer>> {
  requirePlane(labels, size, "skimageLabels");
  const { width, data } = labels;
  const across = linearAxis(width, size.width);
  const down = linearAxis(labels.height, size.height);
  const choose = rule === "largest" ? largestLabel : halfLabel;
  const out = new Int16Array(size.height * size.width);
  for (let y = 0, o = 0; y < size.height; y++) {
    const above = down.low[y]! * width;
    const below = down.high[y]! * width;
    const nearest = down.nearest[y]! * width;
    const fy = down.weight[y]!;
    for (let x = 0; x < size.width; x++, o++) {
      const left = across.low[x]!;
      const right = across.high[x]!;
      const [a, b, c, d] = [data[above + left]!, data[above + right]!, data[below + left]!, data[below + right]!];
      if (a === b && b === c && c === d) out[o] = a;
      else out[o] = choose([a, b, c, d], fy, across.weight[x]!, data[nearest + across.nearest[x]!]!);
    }
  }
  return { ...size, data: out };
}

type Corners = readonly [aboveLeft: number, aboveRight: number, belowLeft: number, belowRight: number];

/** Weight of a label among the four pixels around a position, summed in the order of the pixels. */
function weightOf(label: number, corners: Corners, fy: number, fx: number): number {
  let sum = 0;
  if (corners[0] === label) sum += (1 - fy) * (1 - fx);
  if (corners[1] === label) sum += (1 - fy) * fx;
  if (corners[2] === label) sum += fy * (1 - fx);
  if (corners[3] === label) sum += fy * fx;
  return sum;
}

function largestLabel(corners: Corners, fy: number, fx: number, nearest: number): number {
  let best = nearest;
  let most = weightOf(nearest, corners, fy, fx);
  let isBeaten = false; // the nearest
  for (const label of corners) {
    const weight = weightOf(label, corners, fy, fx);
    if (weight > most || (isBeaten && weight === most && label < best)) {
      best = label;
      most = weight;
      isBeaten = true;
    }
  }
  return best;
}

function halfLabel(corners: Corners, fy: number, fx: number): number {
  let best: number | undefined;
  for (const label of corners) if (weightOf(label, corners, fy, fx) >= 0.5 && (best === undefined || label > best)) best = label;
  return best ?? 0;
}
