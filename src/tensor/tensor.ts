import { classOf, described } from "../check/described.ts";
import { wholeNumbers } from "../check/numbers.ts";
import { ShapeError } from "../errors.ts";

/** Element types that a file or a graph can hold. `float16` and `bfloat16` are kept as their 16 bits in a Uint16Array. */
export type DType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

/** Lengths of the axes, outermost first; [] is a scalar. */
export type Shape = readonly number[];

const arrays = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** The typed array that holds a dtype. */
export type DataOf<T extends DType> = InstanceType<(typeof arrays)[T]>;

/** An array in memory: row-major, contiguous, not shared with a file. */
export interface Tensor<T extends DType = DType> {
  readonly dtype: T;
  readonly shape: Shape;
  readonly data: DataOf<T>;
}

/** Bytes of one element. */
export function bytesOf(dtype: DType): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

/** Whether values of a dtype are floating-point numbers. */
export function isFloat(dtype: DType): boolean {
  return dtype.includes("float");
}

/** Whether it is the name of an element type. */
export function isDType(dtype: unknown): dtype is DType {
  return typeof dtype === "string" && Object.hasOwn(arrays, dtype);
}

/** An element type. @throws ShapeError for anything else */
export function checkedDType<T extends DType>(dtype: T, where: string): T {
  if (isDType(dtype)) return dtype;
  throw new ShapeError(`${where}: the dtype must be one of ${Object.keys(arrays).join(", ")}, got ${described(dtype)}.`);
}

/** A shape: lengths of at least 0. @throws ShapeError for anything else */
export function checkedShape(shape: Shape, where: string): Shape {
  return wholeNumbers(shape, `${where}: the shape`, 0);
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Flat distance between neighbours along each axis of a contiguous row-major array. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Whether two shapes have the same lengths. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/**
 * A tensor over `data`, which it does not copy.
 *
 * @throws ShapeError when the number of elements is not that of the shape, or `data` another array than holds the dtype
 */
export function tensor<T extends DType>(dtype: T, shape: Shape, data: DataOf<T>): Tensor<T> {
  checkData(checkedDType(dtype, "tensor"), shape, data, "tensor");
  return { dtype, shape, data };
}

function checkData(dtype: DType, shape: Shape, data: unknown, where: string): void {
  const { name } = arrays[dtype];
  const count = sizeOf(checkedShape(shape, where));
  if (!ArrayBuffer.isView(data) || classOf(data) !== name)
    throw new ShapeError(`${where}: ${dtype} needs a ${name}, got ${described(data)}`);
  const { length } = data as Uint8Array;
  if (length !== count) throw new ShapeError(`${where}: shape [${shape}] needs ${count} elements, got ${length}`);
}

/** A tensor whose dtype, shape and data agree. @throws ShapeError for anything else */
export function checkedTensor<T extends DType>(value: Tensor<T>, where: string): Tensor<T> {
  const { dtype, shape, data } = (value ?? {}) as Tensor<T>;
  if (!isDType(dtype)) throw new ShapeError(`${where} must be a tensor { dtype, shape, data }, got ${described(value)}.`);
  checkData(dtype, shape, data, where);
  return value;
}

/** A tensor of zeros. */
export function zeros<T extends DType>(dtype: T, shape: Shape): Tensor<T> {
  return { dtype, shape, data: new arrays[dtype](sizeOf(shape)) as DataOf<T> };
}

/** The elements of `bytes` as `dtype`; copies only when the bytes are not aligned. Little-endian, like every machine we run on. */
export function fromBytes<T extends DType>(dtype: T, shape: Shape, bytes: Uint8Array): Tensor<T> {
  const width = bytesOf(dtype);
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const count = aligned.byteLength / width;
  if (count !== sizeOf(shape))
    throw new ShapeError(`fromBytes: ${dtype} [${shape}] needs ${sizeOf(shape) * width} bytes, got ${bytes.byteLength}`);
  return { dtype, shape, data: new arrays[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, count) as DataOf<T> };
}
