import { type SurfaceElements, shareWithin } from "./_surface-elements.ts";

/** How far two contours, or the surfaces of two volumes, are apart, in the unit of the spacing. */
export interface SurfaceMetrics {
  /** Share of both contours within the tolerance of the other one. */
  readonly nsd: number;
  /** Hausdorff distances: within it lies 95 % (100 %) of the length of each contour; Infinity when a mask is empty. */
  readonly hd95: number;
  readonly hd100: number;
  /** Mean distance along the contour of one mask to the other; NaN without a contour of its own, Infinity without the other. */
  readonly averageMaskToTruth: number;
  readonly averageTruthToMask: number;
  /** Average symmetric surface distance: the mean over both contours together; NaN when both masks are empty, Infinity when one is. */
  readonly assd: number;
}

/** The metrics of two masks' elements. @param tolerance - in the unit of the distances, inclusive */
export function summaryOf(sides: { readonly mask: SurfaceElements; readonly truth: SurfaceElements }, tolerance: number): SurfaceMetrics {
  const [ours, theirs] = [sumsOf(sides.mask), sumsOf(sides.truth)];
  return {
    nsd: shareWithin(sides, tolerance),
    hd95: Math.max(reach(sides.mask, 95), reach(sides.truth, 95)),
    hd100: Math.max(reach(sides.mask, 100), reach(sides.truth, 100)),
    averageMaskToTruth: ours.moment / ours.length,
    averageTruthToMask: theirs.moment / theirs.length,
    assd: (ours.moment + theirs.moment) / (ours.length + theirs.length),
  };
}

/** Total length, and the sum of length times distance. */
function sumsOf({ weights, distances }: SurfaceElements): { length: number; moment: number } {
  let length = 0;
  let moment = 0;
  for (let i = 0; i < weights.length; i++) {
    length += weights[i]!;
    moment += weights[i]! * distances[i]!;
  }
  return { length, moment };
}

/** The smallest distance within which `percent` of a contour's length lies; Infinity without a contour. */
export function reach({ weights, distances }: SurfaceElements, percent: number): number {
  if (weights.length === 0) return Number.POSITIVE_INFINITY;
  const byDistance = Uint32Array.from(weights.keys()).sort(
    (a, b) => compare(distances[a]!, distances[b]!) || weights[a]! - weights[b]! || a - b,
  );
  // Summed in the order of the distances, so that a flipped picture rounds alike and the last element reaches 1.
  const total = byDistance.reduce((sum, i) => sum + weights[i]!, 0);
  let cumulated = 0;
  const reached = byDistance.find((i) => {
    cumulated += weights[i]!;
    return cumulated / total >= percent / 100;
  });
  return distances[reached!]!;
}

/** Unlike a difference, right for two infinities. */
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
