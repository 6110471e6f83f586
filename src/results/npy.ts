import { InputError, ShapeError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { readContent } from "../scans/read-content.ts";
import type { NamedBytes } from "../scans/sources/image-source.ts";
import { readTensor, storedTensor } from "../tensor/stored-tensor.ts";
import { bytesOf, checkedTensor, type DType, sizeOf, type Tensor } from "../tensor/tensor.ts";

/** NumPy's names of element types, little-endian. bfloat16 is none of them. */
const types: Partial<Record<DType, string>> = {
  float64: "<f8",
  float32: "<f4",
  float16: "<f2",
  int64: "<i8",
  int32: "<i4",
  int16: "<i2",
  int8: "|i1",
  uint64: "<u8",
  uint32: "<u4",
  uint16: "<u2",
  uint8: "|u1",
  bool: "|b1",
};

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // "\x93NUMPY"

/** The bytes of a .npy file of format 1.0. @throws ShapeError for bfloat16, which NumPy does not have */
export function encodeNpy(array: Tensor): Uint8Array {
  const { dtype, shape, data } = checkedTensor(array, "encodeNpy: the array");
  const header = npyHeader(dtype, shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

/** What stands before the elements of an array, which follow row-major. @throws ShapeError for bfloat16 */
export function npyHeader(dtype: DType, shape: readonly number[]): Uint8Array {
  const type = types[dtype];
  if (type === undefined) throw new ShapeError(`encodeNpy: .npy files cannot hold ${dtype}. Convert the values to float32 first.`);
  const lengths = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const fields = `{'descr': '${type}', 'fortran_order': False, 'shape': (${lengths}), }`;
  // Data begin at a multiple of 64 bytes; the header is filled with spaces and ends with a newline.
  const header = `${fields.padEnd(Math.ceil((fields.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length);
  bytes.set([...magic, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  return bytes;
}

/**
 * The array of a .npy file of format 1, 2 or 3. Arrays in Fortran order become row-major.
 *
 * @throws InputError when it is damaged, big-endian, or holds Python objects, which would have to be unpickled
 */
export async function decodeNpy({ name, bytes }: NamedBytes): Promise<Tensor> {
  if (!magic.every((byte, i) => bytes[i] === byte)) throw new InputError(`"${name}" is no .npy file: it does not begin with "\\x93NUMPY".`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLong = bytes[6]! > 1; // format 1 has two bytes for the length of the header, later ones four
  const start = isLong ? 12 : 10;
  const offset = bytes.length < start ? start : start + (isLong ? view.getUint32(8, true) : view.getUint16(8, true));
  if (offset > bytes.length) throw new InputError(`"${name}" is cut short: its header should end at byte ${offset} of ${bytes.length}.`);
  const header = new TextDecoder().decode(bytes.subarray(start, offset));
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const lengths = /'shape':\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
  if (order === undefined || lengths === undefined) throw new InputError(`"${name}" has a header that is not understood: ${header.trim()}`);
  const dtype = (Object.keys(types) as DType[]).find((one) => types[one] === type);
  if (dtype === undefined) {
    throw new InputError(
      `"${name}" holds elements of type ${type ?? "record"}, which are not read. Save numbers, little-endian, without Python objects.`,
    );
  }
  const shape = (lengths.match(/\d+/g) ?? []).map(Number);
  const wanted = sizeOf(shape) * bytesOf(dtype);
  if (bytes.length - offset !== wanted) {
    throw new InputError(`"${name}" is damaged: [${shape}] of ${dtype} needs ${wanted} bytes, ${bytes.length - offset} are there.`);
  }
  const strides = order === "True" ? shape.map((_, axis) => sizeOf(shape.slice(0, axis))) : undefined;
  return await readTensor({ ...storedTensor(name, offset, dtype, shape, strides), content: bytes });
}

/** Writes an array as .npy, whole or not at all. @throws ShapeError for bfloat16 @throws OutputError, InputError as `writeAtomic` */
export async function writeNpy(file: string, array: Tensor): Promise<void> {
  await writeAtomic(file, encodeNpy(array));
}

/** Reads a .npy file. @throws InputError when it is missing, or as `decodeNpy` */
export async function readNpy(file: string): Promise<Tensor> {
  return await decodeNpy(await readContent(file));
}
