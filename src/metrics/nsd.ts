import type { Mask } from "../image/types.ts";
import { shareWithin, surfaceElements } from "./_surface-elements.ts";

/**
 * Area of a corner element by its code (see `surfaceElements`), when the mask is a slab one pixel thick: marching cubes over its two faces,
 * added. One pixel √3/4, two side by side √2, two diagonal √3/2, three 1 + 3√3/4, four 2.
 */
const areaOf = [
  0,
  ...[1, 1, 2, 1, 2, 4, 3, 1, 4, 2, 3, 2, 3, 3, 5].map(
    (kind) => [0, Math.sqrt(3) / 4, Math.SQRT2, 1 + (3 * Math.sqrt(3)) / 4, Math.sqrt(3) / 2, 2][kind]!,
  ),
];

/**
 * Normalised surface distance as published with the method: the share of both masks' *area* elements within 2 pixels of the other mask.
 *
 * The released evaluation gives a 2D mask to 3D code as one slice. The faces of the slab then count as surface, so that every inner pixel
 * lies on it and this is an overlap with a tolerance, always near the DSC. Use it to compare with published numbers, and
 * `surfaceNsd` to say how well a boundary is met. Two empty masks agree (1).
 *
 * @param options.tolerance - in pixels, inclusive; default 2
 * @throws ShapeError when the sizes differ
 * @see Nikolov et al. 2018, arXiv:1809.04430, for the surface distance of volumes
 */
export function nsd(mask: Mask, truth: Mask, options: { readonly tolerance?: number } = {}): number {
  return shareWithin(surfaceElements(mask, truth, areaOf, [1, 1]), options.tolerance ?? 2);
}
