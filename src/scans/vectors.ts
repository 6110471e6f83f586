import type { Placement } from "./sources/image-source.ts";

/** Three numbers, in the order of the patient's or of the grid's axes. */
export type Vector = readonly [number, number, number];

/** Where one step along an axis of the grid leads. */
export function columnOf(affine: Placement["affine"], axis: 0 | 1 | 2): Vector {
  return [affine[0][axis], affine[1][axis], affine[2][axis]];
}

export const length3 = (v: Vector): number => Math.hypot(...v);

export const cross = ([a, b, c]: Vector, [x, y, z]: Vector): Vector => [b * z - c * y, c * x - a * z, a * y - b * x];

export const dot = (v: Vector, w: Vector): number => v[0] * w[0] + v[1] * w[1] + v[2] * w[2];

/** NaN for a vector without length. */
export const cosine = (v: Vector, w: Vector): number => dot(v, w) / (length3(v) * length3(w));

/** Of the affine's left three columns: the signed volume of a voxel. */
export const determinant = (affine: Placement["affine"]): number =>
  dot(cross(columnOf(affine, 0), columnOf(affine, 1)), columnOf(affine, 2));
