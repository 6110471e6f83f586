import { InputError, ShapeError } from "../errors.ts";
import type { Placement } from "../scans/sources/image-source.ts";
import { columnOf, cosine, determinant, length3, type Vector } from "../scans/vectors.ts";

/** What is written as a NIfTI file. */
export interface NiftiResult {
  /** Voxels along the axes, the fastest first: those of the source, so that the result lies on it. Two axes for a single slice without a third. */
  readonly shape: readonly [x: number, y: number] | readonly [x: number, y: number, z: number];
  readonly data: Uint8Array | Uint16Array | Int16Array | Float32Array;
  /** Of the source; absent where it is not known, which the file then says. */
  readonly placement?: Placement | undefined;
  /** Whether the values are labels, which the header then says (intent 1002). */
  readonly isLabels?: boolean | undefined;
}

/** Codes of the datatypes that are written. */
const datatypeOf = (data: NiftiResult["data"]): number => {
  if (data instanceof Uint8Array) return 2;
  if (data instanceof Int16Array) return 4;
  return data instanceof Float32Array ? 16 : 512;
};

/** Largest number of voxels along an axis in NIfTI-1, which counts them in 16 bits. */
const longestAxis = 32767;

const [headerBytes, voxelsAt] = [348, 352];
const labelIntent = 1002;

/**
 * The bytes of a NIfTI-1 file (.nii), little-endian, without scaling. The affine is written as sform and as qform, each with the code of its
 * source; one whose axes are not perpendicular as sform alone, since a qform cannot hold it.
 *
 * @throws ShapeError when the values do not fill the shape
 * @throws InputError when an axis is too long for the format
 */
export function encodeNifti({ shape, data, placement, isLabels = false }: NiftiResult): Uint8Array<ArrayBuffer> {
  const voxels = shape.reduce((product, length) => product * length, 1);
  if (data.length !== voxels) throw new ShapeError(`encodeNifti: expected ${shape.join(" x ")} = ${voxels} values, got ${data.length}`);
  if (shape.some((length) => length > longestAxis))
    throw new InputError(
      `encodeNifti: ${shape.join(" x ")} voxels; NIfTI-1 holds at most ${longestAxis} along an axis. Write smaller parts.`,
    );

  const file = new Uint8Array(voxelsAt + voxels * data.BYTES_PER_ELEMENT);
  const view = new DataView(file.buffer);
  const int16 = (at: number, values: readonly number[]) => {
    for (const [i, value] of values.entries()) view.setInt16(at + 2 * i, value, true);
  };
  const float32 = (at: number, values: readonly number[]) => {
    for (const [i, value] of values.entries()) view.setFloat32(at + 4 * i, value, true);
  };

  view.setInt32(0, headerBytes, true);
  view.setUint8(38, "r".charCodeAt(0)); // "regular", which Analyze readers look for
  int16(40, [shape.length, ...shape, 1, 1, 1, 1, 1].slice(0, 8));
  int16(68, [isLabels ? labelIntent : 0, datatypeOf(data), 8 * data.BYTES_PER_ELEMENT]);
  const { quaternion, qfac } = placement ? rotationOf(placement.affine) : { quaternion: undefined, qfac: 1 };
  float32(76, [qfac, ...(placement?.spacing ?? [1, 1, 1]), 1, 1, 1, 1]);
  float32(108, [voxelsAt, 1, 0]); // place of the voxels; a scale of 1 and 0 changes nothing
  view.setUint8(123, placement?.isUnitKnown ? 2 : 0); // millimetres
  if (placement) {
    const { affine, qformCode, sformCode } = placement;
    int16(252, [quaternion ? qformCode : 0, sformCode]);
    float32(256, [...(quaternion ?? [0, 0, 0]), affine[0][3], affine[1][3], affine[2][3]]);
    float32(280, affine.flat());
  }
  file.set(
    [..."n+1\0"].map((letter) => letter.charCodeAt(0)),
    344,
  );
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  file.set(machineIsLittle ? bytes : swapped(bytes, data.BYTES_PER_ELEMENT), voxelsAt);
  return file;
}

const machineIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  return Uint8Array.from(bytes, (_, i) => bytes[i - (i % size) + (size - 1 - (i % size))]!);
}

/** Cosine between two axes up to which a qform can hold them. */
const shearTolerance = 1e-4;

/**
 * The rotation of an affine as b, c and d of a unit quaternion (a, b, c, d) with a >= 0; qfac is -1 where the third axis is mirrored.
 * No quaternion where the axes are not perpendicular.
 *
 * @see nifti1.h, "QUATERNION REPRESENTATION OF ROTATION MATRIX (METHOD 2)"
 */
function rotationOf(affine: Placement["affine"]): { readonly quaternion: Vector | undefined; readonly qfac: 1 | -1 } {
  const columns = ([0, 1, 2] as const).map((axis) => columnOf(affine, axis)) as [Vector, Vector, Vector];
  const qfac = determinant(affine) < 0 ? -1 : 1;
  const isSheared = [[0, 1] as const, [0, 2] as const, [1, 2] as const].some(
    ([i, k]) => !(Math.abs(cosine(columns[i], columns[k])) <= shearTolerance),
  );
  if (isSheared) return { quaternion: undefined, qfac };
  const [x, y, z] = columns.map((column, axis) => column.map((value) => (value / length3(column)) * (axis === 2 ? qfac : 1))) as [
    number[],
    number[],
    number[],
  ];
  // r[i][k]: row i, column k of the rotation.
  const r = [0, 1, 2].map((i) => [x[i]!, y[i]!, z[i]!] as const);
  const [[r11, r12, r13], [r21, r22, r23], [r31, r32, r33]] = r as unknown as readonly [Vector, Vector, Vector];
  // Four times the products of each pair of components; the row of the largest component divides them safely.
  const products = [
    [1 + r11 + r22 + r33, r32 - r23, r13 - r31, r21 - r12],
    [r32 - r23, 1 + r11 - r22 - r33, r12 + r21, r13 + r31],
    [r13 - r31, r12 + r21, 1 + r22 - r11 - r33, r23 + r32],
    [r21 - r12, r13 + r31, r23 + r32, 1 + r33 - r11 - r22],
  ] as const;
  const largest = [0, 1, 2, 3].reduce((best, i) => (products[i]![i]! > products[best]![best]! ? i : best));
  const length = 2 * Math.sqrt(products[largest]![largest]!);
  const sign = products[largest]![0] < 0 ? -1 : 1;
  const [, b, c, d] = products[largest]!.map((product) => (sign * product) / length) as [number, number, number, number];
  return { quaternion: [b, c, d], qfac };
}
