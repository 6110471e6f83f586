import type { Mask } from "../image/types.ts";
import { checkedDistances, checkedMasks } from "./_checked.ts";
import { distanceTransform } from "./_distance-transform.ts";
import { type SurfaceElements, shareWithin } from "./_surface-elements.ts";
import { quantile } from "./statistics.ts";
import type { ToleranceOptions } from "./surface-distance.ts";

/** How far the edge pixels of two masks are apart, in the unit of the spacing. */
export interface PixelEdgeMetrics {
  /** Share of the edge pixels of both masks within the tolerance of the other's. */
  readonly nsd: number;
  /** Hausdorff distances: the 95 % quantile, interpolated linearly, and the largest distance of each way; the larger way counts. */
  readonly hd95: number;
  readonly hd100: number;
  /** Average symmetric surface distance: the mean over the edge pixels of both masks together. */
  readonly assd: number;
}

/**
 * All metrics of two masks by their edge pixels, as MONAI defines them: to compare with numbers that were measured so.
 *
 * An edge pixel is a pixel of the mask with one of its four neighbours outside; beyond the frame is outside. Each counts once, and its
 * distance is the one between pixel centres to the nearest edge pixel of the other mask. `surfaceMetrics` measures contours by their
 * length instead, and gives other numbers.
 *
 * @returns null when a mask is empty: there is nothing to measure
 * @throws ShapeError when the sizes differ
 * @see Cardoso et al. 2022, arXiv:2211.02701, for MONAI
 */
export function pixelEdgeMetrics(prediction: Mask, target: Mask, options: ToleranceOptions = {}): PixelEdgeMetrics | null {
  const { mask, truth } = checkedMasks("pixelEdgeMetrics", prediction, target);
  const { tolerance, spacing } = checkedDistances("pixelEdgeMetrics", options);
  const [ours, theirs] = [edgesOf(mask), edgesOf(truth)];
  const sides = { mask: measure(ours, theirs, mask, spacing), truth: measure(theirs, ours, mask, spacing) };
  const nsd = shareWithin(sides, tolerance);
  const [there, back] = [Array.from(sides.mask.distances), Array.from(sides.truth.distances)];
  if (there.length === 0 || back.length === 0) return null;
  const reach = (share: number): number => Math.max(quantile(there, share), quantile(back, share));
  const total = [...there, ...back].reduce((sum, distance) => sum + distance, 0);
  return { nsd, hd95: reach(0.95), hd100: reach(1), assd: total / (there.length + back.length) };
}

/** 1 for each pixel of a mask with a 4-neighbour outside, [H, W]. */
function edgesOf({ data, width, height }: Mask): Uint8Array {
  const edges = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] === 0) continue;
      const inner =
        y > 0 && y < height - 1 && x > 0 && x < width - 1 && data[i - width]! && data[i + width]! && data[i - 1]! && data[i + 1]!;
      edges[i] = inner ? 0 : 1;
    }
  }
  return edges;
}

/** Each edge pixel of one mask, with weight 1 and its distance to the other's. */
function measure(own: Uint8Array, other: Uint8Array, { width, height }: Mask, spacing: readonly [number, number]): SurfaceElements {
  const distances = distanceTransform(other, height, width, spacing).filter((_, i) => own[i] === 1);
  return { weights: new Float64Array(distances.length).fill(1), distances };
}
