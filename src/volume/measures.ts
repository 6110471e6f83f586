import type { MaskStack } from "../image/index.ts";
import { determinant, type Vector } from "../scans/vectors.ts";
import { type Diameter, longestDiameter, longestInSlice } from "./diameter.ts";
import { placeOf, type VoxelToMm } from "./voxel-to-mm.ts";

/** The measures of a mask in a volume. */
export interface StackMeasures {
  readonly voxels: number;
  /** Voxels times the volume of one. */
  readonly volumeMm3: number;
  /** The mean of the centres of its voxels, in the axes of the affine; undefined for an empty mask, as all that follow. */
  readonly centroidMm: Vector | undefined;
  /** Within one slice, and in any direction. */
  readonly longestInSlice: (Diameter & { readonly slice: number }) | undefined;
  readonly longest: Diameter | undefined;
}

/** Measures a mask whose slices are evenly spaced. @param affine - from column, row and slice to millimetres; sheared ones (a tilted gantry) count as they are */
export function measuresOf(stack: MaskStack, affine: VoxelToMm): StackMeasures {
  const { voxels, centroid } = centreOf(stack);
  return {
    voxels,
    volumeMm3: voxels * Math.abs(determinant(affine)),
    centroidMm: centroid && placeOf(affine, ...centroid),
    longestInSlice: longestInSlice(stack, affine),
    longest: longestDiameter(stack, affine),
  };
}

/** How many voxels a mask has, and the mean of their numbers [column, row, slice]. */
export function centreOf({ slices, rows, columns, data }: MaskStack): { readonly voxels: number; readonly centroid: Vector | undefined } {
  let [voxels, x, y, z] = [0, 0, 0, 0];
  for (let slice = 0, i = 0; slice < slices; slice++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        if (data[i] === 0) continue;
        voxels++;
        x += column;
        y += row;
        z += slice;
      }
    }
  }
  return { voxels, centroid: voxels > 0 ? [x / voxels, y / voxels, z / voxels] : undefined };
}
