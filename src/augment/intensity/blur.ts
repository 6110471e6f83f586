import type { RandomStream } from "../../tensor/random.ts";
import { between, type Range } from "../ranges.ts";
import { checkPlanes, type PerChannel, type Planes, planesWith } from "../types.ts";

export interface BlurParameters {
  /** Standard deviations along y and x in pixels; null: the channel stays as it is. */
  readonly sigma: PerChannel<readonly [y: number, x: number] | null>;
  /** Whose kernel; default `batchgeneratorsv2`. */
  readonly as?: BlurKernel;
}

/**
 * The kernel of a library.
 *
 * - `batchgeneratorsv2` (nnU-Net 2.8.1): the odd number of taps nearest to 6 σ + 0.5; the image is mirrored without its edge pixel
 * - `scipy` (nnU-Net 2.1.1): all taps up to 4 σ; the image is mirrored with its edge pixel
 */
export type BlurKernel = "batchgeneratorsv2" | "scipy";

/** Draws whether a channel is blurred, and its standard deviations along y and x. A single channel always is. */
export function drawBlur(
  u: RandomStream,
  { sigma, channelProbability }: { readonly sigma: Range; readonly channelProbability: number },
  channels = 1,
): BlurParameters {
  return {
    sigma: Array.from({ length: channels }, (_, c) =>
      channels === 1 || u.at(3 * c) < channelProbability
        ? ([between(sigma, u.at(3 * c + 1)), between(sigma, u.at(3 * c + 2))] as const)
        : null,
    ),
  };
}

/** Gaussian blur, along columns, then along rows. For any range of values; no value leaves the range of the image. */
export function gaussianBlur(image: Planes, { sigma, as = "batchgeneratorsv2" }: BlurParameters): Planes {
  checkPlanes(image, "gaussianBlur");
  const result = { ...image, data: image.data.slice() };
  for (const [plane, sigmas] of planesWith(result, sigma, "gaussianBlur")) {
    if (sigmas === null) continue;
    blurColumns(plane, image.width, halfKernel(sigmas[0], as), as);
    blurRows(plane, image.width, halfKernel(sigmas[1], as), as);
  }
  return result;
}

/** The middle tap and those on one side of it. */
function halfKernel(sigma: number, as: BlurKernel): Float64Array {
  if (sigma <= 0) return Float64Array.of(1);
  const reach = as === "scipy" ? Math.floor(4 * sigma + 0.5) : (nearestOdd(6 * sigma + 0.5) - 1) / 2;
  const taps = Float64Array.from({ length: reach + 1 }, (_, k) => Math.exp(-0.5 * (k / sigma) ** 2));
  const total = 2 * taps.reduce((sum, tap) => sum + tap, 0) - taps[0]!;
  return taps.map((tap) => tap / total);
}

/** The odd number next to it; an even number goes up. */
const nearestOdd = (value: number): number => 2 * Math.floor(value / 2) + 1;

/** The pixel of an axis of `length` whose value stands at `i`, outside of the axis, too. */
function mirrored(i: number, length: number, as: BlurKernel): number {
  if (length === 1) return 0;
  const edge = as === "scipy" ? 1 : 0; // how often the edge pixel is repeated
  const period = 2 * (length - 1 + edge);
  const at = ((i % period) + period) % period;
  return at < length ? at : period - edge - at;
}

function blurRows(plane: Float32Array, width: number, taps: Float64Array, as: BlurKernel): void {
  const reach = taps.length - 1;
  if (reach === 0) return;
  const line = new Float64Array(width + 2 * reach);
  const source = Int32Array.from({ length: line.length }, (_, i) => mirrored(i - reach, width, as));
  for (let start = 0; start < plane.length; start += width) {
    for (let i = 0; i < line.length; i++) line[i] = plane[start + source[i]!]!;
    for (let x = 0; x < width; x++) {
      const middle = x + reach;
      let sum = taps[0]! * line[middle]!;
      for (let k = 1; k <= reach; k++) sum += taps[k]! * (line[middle - k]! + line[middle + k]!);
      plane[start + x] = sum;
    }
  }
}

/** All columns together, row by row, as memory lies. */
function blurColumns(plane: Float32Array, width: number, taps: Float64Array, as: BlurKernel): void {
  const reach = taps.length - 1;
  if (reach === 0) return;
  const height = plane.length / width;
  const source = plane.slice();
  const sums = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    for (let x = 0, i = y * width; x < width; x++, i++) sums[x] = taps[0]! * source[i]!;
    for (let k = 1; k <= reach; k++) {
      const tap = taps[k]!;
      const above = mirrored(y - k, height, as) * width;
      const below = mirrored(y + k, height, as) * width;
      for (let x = 0; x < width; x++) sums[x] = sums[x]! + tap * (source[above + x]! + source[below + x]!);
    }
    plane.set(sums, y * width);
  }
}
