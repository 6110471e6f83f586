import type { Placement } from "./sources/image-source.ts";
import { columnOf, length3 } from "./vectors.ts";

/** A direction of the patient: right or left, anterior or posterior, superior or inferior. */
export type Direction = "R" | "L" | "A" | "P" | "S" | "I";

/** Where the numbers of columns, rows and slices grow to: "RAS" for right, anterior, superior. */
export type AxisCodes = readonly [x: Direction, y: Direction, z: Direction];

const directions = [
  ["R", "L"],
  ["A", "P"],
  ["S", "I"],
] as const;

/** The patient's axes nearest to the grid's, each taken once; the grid's axis that is nearest to any of them chooses first. */
export function axisCodes({ affine }: Pick<Placement, "affine">): AxisCodes {
  const cosines = ([0, 1, 2] as const).map((axis) => {
    const column = columnOf(affine, axis);
    return column.map((value) => value / length3(column));
  });
  const nearest = (axis: number) => Math.max(...cosines[axis]!.map(Math.abs));
  const free = new Set([0, 1, 2]);
  const codes: Direction[] = [];
  for (const axis of [0, 1, 2].sort((a, b) => nearest(b) - nearest(a))) {
    const own = cosines[axis]!;
    const chosen = [...free].reduce((best, next) => (Math.abs(own[next]!) > Math.abs(own[best]!) ? next : best));
    free.delete(chosen);
    codes[axis] = directions[chosen]![own[chosen]! < 0 ? 1 : 0];
  }
  return codes as unknown as AxisCodes;
}

/** The patient's axis of a direction: 0 left and right, 1 front and back, 2 up and down. */
const axisOf = (direction: Direction): number => directions.findIndex((pair) => pair.some((each) => each === direction));

/** The planes of radiological pictures, by the directions of columns, rows and slices: patients face the reader or look left, their head on top. */
export const planes = {
  axial: ["L", "P", "S"],
  coronal: ["L", "I", "P"],
  sagittal: ["P", "I", "L"],
} as const satisfies Record<string, AxisCodes>;

/** The plane in which a volume's slices lie as they are stored, by the axis across them. */
export function planeOf([, , across]: AxisCodes): keyof typeof planes {
  const names = ["sagittal", "coronal", "axial"] as const;
  return names[axisOf(across)]!;
}

/** A grid of voxels, the first axis fastest; several samples of a voxel stand side by side. */
export interface Grid<T> {
  readonly shape: readonly [x: number, y: number, z: number];
  readonly data: T;
}

type TypedArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

/** The axis of a grid that becomes one of another grid, and whether it is turned round. */
interface AxisSource {
  readonly axis: 0 | 1 | 2;
  readonly isTurned: boolean;
}

/** @param from - directions of the axes of a grid @param to - those of another; they must name each axis of the patient once */
function axisSources(from: AxisCodes, to: AxisCodes): readonly [AxisSource, AxisSource, AxisSource] {
  const source = (direction: Direction): AxisSource => {
    const axis = from.findIndex((own) => axisOf(own) === axisOf(direction)) as 0 | 1 | 2;
    return { axis, isTurned: from[axis] !== direction };
  };
  return [source(to[0]), source(to[1]), source(to[2])];
}

/** The axes of a grid that become the columns, rows and slices of another one. */
export function axesOf(from: AxisCodes, to: AxisCodes): readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2] {
  const [x, y, z] = axisSources(from, to);
  return [x.axis, y.axis, z.axis];
}

/** The shape of a grid with its axes in another order. */
export function reorderedShape({ shape }: Pick<Grid<unknown>, "shape">, from: AxisCodes, to: AxisCodes): Grid<unknown>["shape"] {
  const [x, y, z] = axesOf(from, to);
  return [shape[x], shape[y], shape[z]];
}

/** Where the voxels of a grid lie once it is reordered: at the same places of the patient. */
export function reorderedAffine({ shape }: Pick<Grid<unknown>, "shape">, affine: Placement["affine"], to: AxisCodes): Placement["affine"] {
  const sources = axisSources(axisCodes({ affine }), to);
  const [right, anterior, superior] = affine.map((row) => {
    const [x, y, z] = sources.map(({ axis, isTurned }) => (isTurned ? -row[axis] : row[axis]) + 0) as [number, number, number];
    const offset = sources.reduce((sum, { axis, isTurned }) => (isTurned ? sum + (shape[axis] - 1) * row[axis] : sum), row[3]);
    return [x, y, z, offset] as const;
  });
  return [right!, anterior!, superior!];
}

/**
 * The same voxels with other axes first, and turned round where their direction differs. Reordering back gives the grid itself.
 *
 * @param from - directions of the axes of the grid
 * @param to - those of the result; they must name each axis of the patient once
 * @example reorder(volume, axisCodes(placement), planes.axial) // slices from feet to head, rows to the back, columns to the left
 */
export function reorder<T extends TypedArray>(grid: Grid<T>, from: AxisCodes, to: AxisCodes): Grid<T> {
  const shape = reorderedShape(grid, from, to);
  const { data } = grid;
  const ordered = new (data.constructor as new (length: number) => T)(data.length);
  const slice = data.length / shape[2];
  for (let k = 0; k < shape[2]; k++) ordered.set(reorderedSlice(grid, from, to, k), k * slice);
  return { shape, data: ordered };
}

/** One slice of the grid that `reorder` gives, row-major. @param index - along the third axis of the result */
export function reorderedSlice<T extends TypedArray>({ shape, data }: Grid<T>, from: AxisCodes, to: AxisCodes, index: number): T {
  const samples = data.length / (shape[0] * shape[1] * shape[2]);
  const strides = [samples, samples * shape[0], samples * shape[0] * shape[1]];
  const [x, y, z] = axisSources(from, to).map(({ axis, isTurned }) => {
    const [size, stride] = [shape[axis], strides[axis]!];
    return { size, step: isTurned ? -stride : stride, first: isTurned ? (size - 1) * stride : 0 };
  }) as [Walk, Walk, Walk];
  const slice = new (data.constructor as new (length: number) => T)(x.size * y.size * samples);
  let at = 0;
  for (let j = 0, row = x.first + y.first + z.first + index * z.step; j < y.size; j++, row += y.step) {
    for (let i = 0, voxel = row; i < x.size; i++, voxel += x.step) {
      for (let s = 0; s < samples; s++) slice[at++] = data[voxel + s]!;
    }
  }
  return slice;
}

/** How to go along an axis: its length, the distance of its voxels in the data, and where the first one is. */
interface Walk {
  readonly size: number;
  readonly step: number;
  readonly first: number;
}
