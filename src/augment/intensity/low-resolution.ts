import { bilinear } from "../../image/index.ts";
import type { RandomStream } from "../../tensor/random.ts";
import { splineCoefficients, splineWeights } from "../_spline.ts";
import { between, type Range } from "../ranges.ts";
import { checkPlanes, type PerChannel, type Planes, planesWith } from "../types.ts";
import { rangeOf } from "./_statistics.ts";

export interface LowResolutionParameters {
  /** Size of the small image as a fraction of the image's; null: the channel stays as it is. */
  readonly zoom: PerChannel<number | null>;
  /** How it is enlarged again: linear as in nnU-Net 2.8.1, or by an interpolating cubic spline as in 2.1.1. Default linear. */
  readonly up?: "linear" | "cubic";
}

/** Draws whether a channel loses resolution, and by how much. A single channel always does. */
export function drawLowResolution(
  u: RandomStream,
  { zoom, channelProbability, up }: { readonly zoom: Range; readonly channelProbability: number; readonly up: "linear" | "cubic" },
  channels = 1,
): LowResolutionParameters {
  return {
    zoom: Array.from({ length: channels }, (_, c) =>
      channels === 1 || u.at(2 * c) < channelProbability ? between(zoom, u.at(2 * c + 1)) : null,
    ),
    up,
  };
}

/**
 * Simulates a scan of lower resolution: the image made smaller by nearest neighbour and enlarged again. For any range of values; a zoom of 1
 * changes nothing.
 *
 * @see SimulateLowResolutionTransform of batchgeneratorsv2; Zhou et al. 2018
 */
export function lowResolution(image: Planes, { zoom, up = "linear" }: LowResolutionParameters): Planes {
  checkPlanes(image, "lowResolution");
  const { height, width } = image;
  const result = { ...image, data: image.data.slice() };
  for (const [plane, factor] of planesWith(result, zoom, "lowResolution")) {
    if (factor === null) continue;
    const small = { height: Math.max(1, halfToEven(height * factor)), width: Math.max(1, halfToEven(width * factor)) };
    if (small.height === height && small.width === width) continue;
    const data = nearest(plane, image, small);
    plane.set(up === "cubic" ? splineResize({ ...small, data }, image) : bilinear({ ...small, data }, { height, width }).data);
  }
  return result;
}

interface Extent {
  readonly height: number;
  readonly width: number;
}

/** The pixels below the centres of those of a smaller plane. */
function nearest(plane: Float32Array, { height, width }: Extent, small: Extent): Float32Array {
  const columns = nearestOf(width, small.width);
  const rows = nearestOf(height, small.height);
  const out = new Float32Array(small.height * small.width);
  for (let y = 0, o = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++, o++) out[o] = plane[rows[y]! * width + columns[x]!]!;
  }
  return out;
}

const nearestOf = (length: number, size: number): Int32Array =>
  Int32Array.from({ length: size }, (_, i) => Math.min(length - 1, Math.floor(((i + 0.5) * length) / size)));

/** Edge pixels by which a plane is extended, so that what lies beyond is its edge and not its mirror image. */
const margin = 12;

/** A plane resized by an interpolating cubic spline, the edge repeated, clipped to the plane's range: skimage's `resize` of order 3. */
function splineResize({ height, width, data }: Extent & { readonly data: Float32Array }, size: Extent): Float32Array {
  const padded = { height: height + 2 * margin, width: width + 2 * margin };
  const inside = (i: number, length: number): number => Math.min(length - 1, Math.max(0, i - margin));
  const extended = new Float64Array(padded.height * padded.width);
  for (let y = 0, o = 0; y < padded.height; y++) {
    for (let x = 0; x < padded.width; x++, o++) extended[o] = data[inside(y, height) * width + inside(x, width)]!;
  }
  const coefficients = splineCoefficients(extended, padded.height, padded.width);
  const [across, down] = [splineAxis(width, size.width), splineAxis(height, size.height)];
  const lines = new Float64Array(padded.height * size.width);
  for (let y = 0, o = 0; y < padded.height; y++) {
    for (let x = 0; x < size.width; x++, o++) {
      const first = y * padded.width + across.first[x]!;
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += across.weights[4 * x + k]! * coefficients[first + k]!;
      lines[o] = sum;
    }
  }
  const [least, greatest] = rangeOf(data);
  const out = new Float32Array(size.height * size.width);
  for (let y = 0, o = 0; y < size.height; y++) {
    const [a, b, c, d] = down.weights.subarray(4 * y) as unknown as [number, number, number, number];
    for (let x = 0; x < size.width; x++, o++) {
      const at = down.first[y]! * size.width + x;
      const value = a * lines[at]! + b * lines[at + size.width]! + c * lines[at + 2 * size.width]! + d * lines[at + 3 * size.width]!;
      out[o] = value < least ? least : value > greatest ? greatest : value;
    }
  }
  return out;
}

/** For each position of an axis the first of its four coefficients, in the extended plane, and their weights. */
function splineAxis(length: number, size: number): { first: Int32Array; weights: Float64Array } {
  const axis = { first: new Int32Array(size), weights: new Float64Array(4 * size) };
  for (let i = 0; i < size; i++) {
    const at = ((i + 0.5) * length) / size - 0.5 + margin;
    const low = Math.floor(at);
    axis.first[i] = low - 1;
    splineWeights(at - low, axis.weights, 4 * i);
  }
  return axis;
}

function halfToEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
