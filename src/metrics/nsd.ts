import type { Mask } from "../image/types.ts";
import { countCorners, farthestOfBits } from "./_bit-lattice.ts";
import { checkedDistances, checkedMasks } from "./_checked.ts";
import { shareWithin, surfaceElements } from "./_surface-elements.ts";

/**
 * Area of a corner element by how the four pixels round it are set, when the mask is a slab one pixel thick: marching cubes over its two
 * faces, added. One pixel, two side by side, two diagonal, three, four.
 */
const areas = [Math.sqrt(3) / 4, Math.SQRT2, Math.sqrt(3) / 2, 1 + (3 * Math.sqrt(3)) / 4, 2] as const;
const [one, side, diagonal, three, four] = areas;

/** The same by the code of `surfaceElements`. */
const areaOf = [0, one, one, side, one, side, diagonal, three, one, diagonal, side, three, side, three, three, four];

/**
 * Normalised surface distance as published with the method: the share of both masks' *area* elements within 2 pixels of the other mask.
 *
 * The released evaluation gives a 2D mask to 3D code as one slice. The faces of the slab then count as surface, so that every inner pixel
 * lies on it and this is an overlap with a tolerance, always near the DSC. Use it to compare with published numbers, and
 * `surfaceNsd` to say how well a boundary is met. Two empty masks agree (1).
 *
 * @param options.tolerance - in pixels, inclusive; default 2. Beyond 15 it takes several times as long
 * @throws ShapeError when the sizes differ
 * @see Nikolov et al. 2018, arXiv:1809.04430, for the surface distance of volumes
 */
export function nsd(prediction: Mask, target: Mask, options: { readonly tolerance?: number } = {}): number {
  const { mask, truth } = checkedMasks("nsd", prediction, target);
  const { tolerance } = checkedDistances("nsd", options);
  if (!(tolerance >= 0 && tolerance <= farthestOfBits)) return nsdByDistances(mask, truth, tolerance);
  const { all, far } = countCorners(mask, truth, tolerance);
  const total = areaOfAll(all);
  return total === 0 ? 1 : areaOfAll(all.map((count, kind) => count - far[kind]!)) / total;
}

const areaOfAll = (counts: Float64Array): number => counts.reduce((sum, count, kind) => sum + count * areas[kind]!, 0);

/** `nsd` for any tolerance, from the exact distance of every element. */
export function nsdByDistances(mask: Mask, truth: Mask, tolerance: number): number {
  return shareWithin(surfaceElements(mask, truth, areaOf, [1, 1]), tolerance);
}
