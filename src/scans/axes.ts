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

/**
 * The same voxels with other axes first, and turned round where their direction differs. Reordering back gives the grid itself.
 *
 * @param from - directions of the axes of the grid
 * @param to - those of the result; they must name each axis of the patient once
 * @example reorder(volume, axisCodes(placement), planes.axial) // slices from feet to head, rows to the back, columns to the left
 */
export function reorder<T extends TypedArray>({ shape, data }: Grid<T>, from: AxisCodes, to: AxisCodes): Grid<T> {
  const samples = data.length / (shape[0] * shape[1] * shape[2]);
  const strides = [samples, samples * shape[0], samples * shape[0] * shape[1]];
  const axes = to.map((direction) => {
    const source = from.findIndex((own) => axisOf(own) === axisOf(direction));
    const isTurned = from[source] !== direction;
    const [size, stride] = [shape[source]!, strides[source]!];
    return { size, step: isTurned ? -stride : stride, first: isTurned ? (size - 1) * stride : 0 };
  });
  const [x, y, z] = axes as [(typeof axes)[0], (typeof axes)[0], (typeof axes)[0]];
  const ordered = new (data.constructor as new (length: number) => T)(data.length);
  let at = 0;
  for (let k = 0, slice = x.first + y.first + z.first; k < z.size; k++, slice += z.step) {
    for (let j = 0, row = slice; j < y.size; j++, row += y.step) {
      for (let i = 0, voxel = row; i < x.size; i++, voxel += x.step) {
        for (let s = 0; s < samples; s++) ordered[at++] = data[voxel + s]!;
      }
    }
  }
  return { shape: [x.size, y.size, z.size], data: ordered };
}
