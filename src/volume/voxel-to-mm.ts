import type { AffineRow } from "../scans/sources/image-source.ts";
import { columnOf, cross, dot, length3, type Vector } from "../scans/vectors.ts";

/** From the numbers of a voxel (column, row, slice) to millimetres along three perpendicular axes; for sides of the patient these are LPS, as in DICOM. */
export type VoxelToMm = readonly [AffineRow, AffineRow, AffineRow];

/** The place of a voxel's centre, or of a point between voxels. */
export function placeOf(affine: VoxelToMm, column: number, row: number, slice: number): Vector {
  const at = ([c, r, s, offset]: AffineRow): number => c * column + r * row + s * slice + offset;
  return [at(affine[0]), at(affine[1]), at(affine[2])];
}

/** The affine of a grid of which only the distances are known. @param spacing - millimetres between [slices, rows, columns] */
export function affineOfSpacing([slice, row, column]: readonly [slice: number, row: number, column: number]): VoxelToMm {
  return [
    [column, 0, 0, 0],
    [0, row, 0, 0],
    [0, 0, slice, 0],
  ];
}

/** The unit normal of the slices. */
export function normalOf(affine: VoxelToMm): Vector {
  const normal = cross(columnOf(affine, 0), columnOf(affine, 1));
  const length = length3(normal);
  return [normal[0] / length, normal[1] / length, normal[2] / length];
}

export const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

/** The length of a vector's part in the planes of the slices, and that across them. */
export function partsOf(vector: Vector, normal: Vector): readonly [inPlane: number, across: number] {
  const across = dot(vector, normal);
  return [Math.sqrt(Math.max(0, dot(vector, vector) - across * across)), Math.abs(across)];
}
