import { ShapeError } from "../errors.ts";
import type { MaskStack } from "../image/types.ts";
import type { VoxelSpacing } from "./_surface-areas.ts";
import { shareWithin } from "./_surface-elements.ts";
import { type SurfaceMetrics, summaryOf } from "./_surface-summary.ts";
import { volumeElements } from "./_volume-elements.ts";

/** The metrics of two masks in a volume. */
export interface VolumeSurface extends SurfaceMetrics {
  /** `nsd` as published: of the same elements with voxels of side 1 and a tolerance of 2. */
  readonly publishedNsd: number;
}

/** Tolerance of the released evaluation, in voxels of side 1. */
const publishedTolerance = 2;

/**
 * All surface metrics of two masks in a volume, in millimetres with anisotropic spacing.
 *
 * The surface passes through the corners between voxels. Each corner whose eight voxels differ is an element with the area of the triangles that
 * marching cubes puts there; its distance is the exact one to the nearest element of the other mask. Beyond the volume is outside.
 * A mask of one slice is a slab with two faces: its `publishedNsd` is that of `nsd` in the plane.
 *
 * @param options.spacing - millimetres between [slices, rows, columns]
 * @param options.toleranceMm - of `nsd`, inclusive
 * @throws ShapeError when the sizes differ
 * @see Nikolov et al. 2018, arXiv:1809.04430; the numbers are those of the authors' surface distance
 */
export function volumeSurface(
  mask: MaskStack,
  truth: MaskStack,
  { spacing, toleranceMm }: { readonly spacing: VoxelSpacing; readonly toleranceMm: number },
): VolumeSurface {
  const [ours, theirs] = [mask, truth].map(({ slices, rows, columns }) => [slices, rows, columns].join(" x "));
  if (ours !== theirs) throw new ShapeError(`volumeSurface: the mask has ${ours} voxels (slices, rows, columns), the truth ${theirs}`);
  const sides = volumeElements(mask, truth, spacing);
  const metrics = summaryOf(sides, toleranceMm);
  const inVoxels = spacing.every((length) => length === 1) ? sides : volumeElements(mask, truth, [1, 1, 1]);
  return { ...metrics, publishedNsd: shareWithin(inVoxels, publishedTolerance) };
}
