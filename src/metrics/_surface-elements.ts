import type { Mask } from "../image/types.ts";
import { distanceTransform } from "./_distance-transform.ts";

/** The surface elements of one mask: how much each counts, and how far it is from the nearest element of the other mask. */
export interface SurfaceElements {
  readonly weights: Float64Array;
  readonly distances: Float64Array;
}

/**
 * The surface elements of two masks, each with its distance to the other's.
 *
 * Elements live on the corners between pixels, [H + 1, W + 1]: at each corner the four pixels around it (outside the image: 0) make a
 * code of four bits, north west 8, north east 4, south west 2, south east 1, and the code says how much surface passes there.
 *
 * @param weightOf - per code how much an element counts; 0 means no element
 * @param spacing  - distance between neighbouring corners [row, column]
 * @throws ShapeError when the sizes differ
 */
export function surfaceElements(
  mask: Mask,
  truth: Mask,
  weightOf: readonly number[],
  spacing: readonly [number, number],
): { mask: SurfaceElements; truth: SurfaceElements } {
  const frame = jointFrame(mask, truth);
  const ours = codes(mask, frame);
  const theirs = codes(truth, frame);
  return { mask: measure(ours, theirs, frame, weightOf, spacing), truth: measure(theirs, ours, frame, weightOf, spacing) };
}

/** Rows and columns that hold a pixel of either mask; no element lies outside, so nothing else is looked at. */
interface Frame {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

function jointFrame(mask: Mask, truth: Mask): Frame {
  const { width, height } = mask;
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (mask.data[i] === 0 && truth.data[i] === 0) continue;
      if (y < top) top = y;
      bottom = y;
      if (x < left) left = x;
      if (x > right) right = x;
    }
  }
  return bottom < 0 ? { top: 0, left: 0, height: 0, width: 0 } : { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** The code of each corner of the frame, [height + 1, width + 1]. */
function codes({ data, width }: Mask, frame: Frame): Uint8Array {
  const columns = frame.width + 1;
  const corners = new Uint8Array((frame.height + 1) * columns);
  for (let y = 0; y < frame.height; y++) {
    const row = (frame.top + y) * width + frame.left;
    for (let x = 0; x < frame.width; x++) {
      if (data[row + x] === 0) continue;
      const northWest = y * columns + x; // the corner north west of this pixel sees it in its south east
      corners[northWest]! |= 1;
      corners[northWest + 1]! |= 2;
      corners[northWest + columns]! |= 4;
      corners[northWest + columns + 1]! |= 8;
    }
  }
  return corners;
}

function measure(
  own: Uint8Array,
  other: Uint8Array,
  frame: Frame,
  weightOf: readonly number[],
  spacing: readonly [number, number],
): SurfaceElements {
  const isElement = Uint8Array.from(weightOf, (weight) => (weight > 0 ? 1 : 0));
  const seeds = new Uint8Array(other.length);
  let count = 0;
  for (let i = 0; i < own.length; i++) {
    seeds[i] = isElement[other[i]!]!;
    count += isElement[own[i]!]!;
  }
  const toOther = distanceTransform(seeds, frame.height + 1, frame.width + 1, spacing);
  const weights = new Float64Array(count);
  const distances = new Float64Array(count);
  for (let i = 0, at = 0; i < own.length; i++) {
    if (isElement[own[i]!] === 0) continue;
    weights[at] = weightOf[own[i]!]!;
    distances[at++] = toOther[i]!;
  }
  return { weights, distances };
}

/**
 * The share of both surfaces that lies within a tolerance (inclusive) of the other one, in [0, 1].
 * Two empty masks agree (1); an empty one against another does not (0).
 */
export function shareWithin(sides: { mask: SurfaceElements; truth: SurfaceElements }, tolerance: number): number {
  let near = 0;
  let total = 0;
  for (const { weights, distances } of [sides.mask, sides.truth]) {
    for (let i = 0; i < weights.length; i++) {
      total += weights[i]!;
      if (distances[i]! <= tolerance) near += weights[i]!;
    }
  }
  return total === 0 ? 1 : near / total;
}
