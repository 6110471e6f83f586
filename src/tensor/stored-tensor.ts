import { withFile } from "#files";
import { ShapeError } from "../errors.ts";
import { memorySource } from "./_byte-source.ts";
import { bytesOf, type DataOf, type DType, fromBytes, type Shape, sameShape, sizeOf, stridesOf, type Tensor, zeros } from "./tensor.ts";

/** A tensor that lies in a file, or in the bytes of one: nothing of it is read until asked, and a runtime may map the same bytes itself. */
export interface StoredTensor {
  readonly file: string;
  /** All bytes of the file where they are in memory; `file` is then a name alone. */
  readonly content?: Uint8Array;
  /** Position in the file of the first logical element, in bytes. */
  readonly offset: number;
  /** Bytes from the first element to the end of the last one in the file: those of the shape, unless `strides` says otherwise. */
  readonly byteLength: number;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Distance between neighbours along each axis, in elements; present only where the elements are not contiguous and row-major. */
  readonly strides?: readonly number[];
}

/** A stored tensor; `strides` is dropped where it only says that the elements are contiguous. */
export function storedTensor(file: string, offset: number, dtype: DType, shape: Shape, strides?: readonly number[]): StoredTensor {
  const contiguous = strides === undefined || areContiguous(shape, strides);
  const byteLength = (contiguous ? sizeOf(shape) : spanOf(shape, strides)) * bytesOf(dtype);
  return contiguous ? { file, offset, byteLength, dtype, shape } : { file, offset, byteLength, dtype, shape, strides };
}

/** Whether the elements follow one another in row-major order, so that the bytes can be used as they lie. */
export function isContiguous(stored: StoredTensor): boolean {
  return stored.strides === undefined || areContiguous(stored.shape, stored.strides);
}

/**
 * Rows `start` to `start + count` along the first axis, pointing into the same bytes.
 *
 * @example const [q, k, v] = [0, 1, 2].map((i) => rowsOf(qkv, i * width, width)); // [3 D, D] -> three [D, D]
 * @throws ShapeError when the rows are not there or the tensor is a scalar or not contiguous
 */
export function rowsOf(stored: StoredTensor, start: number, count: number): StoredTensor {
  const [rows, ...rest] = stored.shape;
  if (!isContiguous(stored) || rows === undefined) throw notContiguous("rowsOf", stored);
  if (!Number.isInteger(start) || !Number.isInteger(count) || start < 0 || count < 0 || start + count > rows) {
    throw new ShapeError(`rowsOf: rows ${start} to ${start + count} are not within [${stored.shape}]`);
  }
  const rowBytes = sizeOf(rest) * bytesOf(stored.dtype);
  return within(stored, storedTensor(stored.file, stored.offset + start * rowBytes, stored.dtype, [count, ...rest]));
}

/** The same bytes under another shape of the same size. @throws ShapeError when the sizes differ or the tensor is not contiguous */
export function reshaped(stored: StoredTensor, shape: Shape): StoredTensor {
  if (!isContiguous(stored)) throw notContiguous("reshaped", stored);
  if (sizeOf(shape) !== sizeOf(stored.shape)) {
    throw new ShapeError(`reshaped: [${stored.shape}] has ${sizeOf(stored.shape)} elements, [${shape}] has ${sizeOf(shape)}`);
  }
  return within(stored, storedTensor(stored.file, stored.offset, stored.dtype, shape));
}

/** A matrix with its axes exchanged, a view of the same bytes. @throws ShapeError when it has not two axes */
export function transposed(stored: StoredTensor): StoredTensor {
  const { file, offset, dtype, shape, strides = stridesOf(shape) } = stored;
  if (shape.length !== 2) throw new ShapeError(`transposed: a matrix has two axes, got [${shape}]`);
  return within(stored, storedTensor(file, offset, dtype, [shape[1]!, shape[0]!], [strides[1]!, strides[0]!]));
}

/** Reads the tensor into memory in logical row-major order; transposed, strided and expanded views are gathered. */
export async function readTensor(stored: StoredTensor): Promise<Tensor> {
  const { file, content, offset, byteLength, dtype, shape, strides } = stored;
  if (sizeOf(shape) === 0) return zeros(dtype, shape);
  const bytes = await (content
    ? memorySource(file, content).read(offset, byteLength)
    : withFile(file, (source) => source.read(offset, byteLength)));
  if (strides === undefined) return fromBytes(dtype, shape, bytes);
  return gather(fromBytes(dtype, [byteLength / bytesOf(dtype)], bytes), shape, strides);
}

/** A part of the same bytes. */
function within({ content }: StoredTensor, part: StoredTensor): StoredTensor {
  return content ? { ...part, content } : part;
}

/** Copies a strided view of a flat tensor into row-major order. */
function gather(flat: Tensor, shape: Shape, strides: readonly number[]): Tensor {
  const result = zeros(flat.dtype, shape);
  const from = flat.data as Float64Array; // the element type does not matter to a copy; both sides have the same
  const to = result.data as Float64Array;
  const index = new Array<number>(shape.length).fill(0);
  let position = 0;
  for (let i = 0; i < to.length; i++) {
    to[i] = from[position]!;
    // The next index counts up like an odometer: the last axis first, carrying to the left.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

function areContiguous(shape: Shape, strides: readonly number[]): boolean {
  if (sizeOf(shape) === 0) return true;
  // The stride of an axis of length 1 is never used, so it may be anything.
  const used = (all: readonly number[]) => all.filter((_, axis) => shape[axis] !== 1);
  return sameShape(used(strides), used(stridesOf(shape)));
}

/** Elements between the first and the last one of a view, both included. */
function spanOf(shape: Shape, strides: readonly number[]): number {
  return sizeOf(shape) === 0 ? 0 : shape.reduce((span, length, axis) => span + (length - 1) * strides[axis]!, 1);
}

function notContiguous(where: string, { file, shape, strides }: StoredTensor): ShapeError {
  const what = strides === undefined ? `the shape [${shape}]` : `a view of shape [${shape}] and strides [${strides}]`;
  return new ShapeError(`${where}: a contiguous tensor with at least one axis is needed, got ${what} in "${file}". Read it first.`);
}

/**
 * The values as float32. Exact for float16, bfloat16, bool and integers up to 2²⁴; others are rounded to the nearest.
 *
 * @returns the tensor's own array where it holds float32 already, a new one otherwise
 */
export function toFloat32(tensor: Tensor): Float32Array {
  switch (tensor.dtype) {
    case "float32":
      return tensor.data as DataOf<"float32">;
    case "float16":
      return fromFloat16(tensor.data as DataOf<"float16">);
    case "bfloat16":
      return fromBfloat16(tensor.data as DataOf<"bfloat16">);
    case "int64":
    case "uint64":
      return Float32Array.from(tensor.data as DataOf<"int64">, Number);
    default:
      return new Float32Array(tensor.data as DataOf<"float64">);
  }
}

/** bfloat16 is the upper half of a float32. */
function fromBfloat16(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < words.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}

function fromFloat16(halves: Uint16Array): Float32Array {
  float16Values ??= Float32Array.from({ length: 65536 }, (_, bits) => float16Value(bits));
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = float16Values[halves[i]!]!;
  return values;
}

/** There are only 65536 of them, so each is computed once. */
let float16Values: Float32Array | undefined;

/** IEEE 754 binary16: a sign, five bits of exponent with bias 15, ten bits of fraction. */
function float16Value(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** float32 values as another floating type, rounded to the nearest, of two equally near to the even one. */
export function fromFloat32(dtype: DType, values: Float32Array): Float32Array | Float64Array | Uint16Array {
  if (dtype === "float32") return values;
  if (dtype === "float64") return new Float64Array(values);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  if (dtype !== "bfloat16" && dtype !== "float16")
    throw new ShapeError(`fromFloat32: ${dtype} is not a floating-point type; expected float64, float32, float16 or bfloat16`);
  const toHalf = dtype === "bfloat16" ? toBfloat16 : toFloat16;
  const halves = new Uint16Array(bits.length);
  for (let i = 0; i < halves.length; i++) halves[i] = toHalf(bits[i]!);
  return halves;
}

const isNan = (word: number): boolean => (word & 0x7fffffff) > 0x7f800000;

/** The upper bits of a word without its `count` lower ones, rounded half to even. */
function rounded(word: number, count: number): number {
  const half = 2 ** (count - 1);
  const kept = word >>> count;
  const rest = word - kept * 2 ** count;
  return rest > half || (rest === half && kept % 2 === 1) ? kept + 1 : kept;
}

/** Of a float32's bits: the upper half. */
function toBfloat16(word: number): number {
  return isNan(word) ? (word >>> 16) | 64 : rounded(word, 16);
}

/** Of a float32's bits: the exponent's bias goes from 127 to 15, the fraction from 23 bits to 10. */
function toFloat16(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (isNan(word)) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  // A carry of the fraction runs into the exponent, as it should.
  if (magnitude >= 0x38800000) return sign | rounded(magnitude - ((127 - 15) << 23), 13);
  // Below 2⁻¹⁴ values are multiples of 2⁻²⁴.
  const shift = 126 - (magnitude >>> 23);
  return shift > 24 ? sign : sign | rounded((magnitude & 0x7fffff) | 0x800000, shift);
}
