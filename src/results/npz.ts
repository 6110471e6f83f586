import { promisify } from "node:util";
import { crc32, deflateRaw, inflateRaw } from "node:zlib";
import { InputError, ShapeError, WeightsError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { readContent } from "../scans/read-content.ts";
import type { NamedBytes } from "../scans/sources/image-source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { dataOffset, readZipDirectory, type ZipEntry } from "../tensor/zip.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";

/** 1 January 1980: every file has the same date, so that equal arrays are equal bytes. */
const date = 0x21;
const limit = 2 ** 32 - 1;
/** Most bytes of an array that is read. */
const mostRead = 2 ** 30;
/** Most bytes that deflate makes of one. */
const mostInflation = 1032;
const [stored, deflated] = [0, 8];

export interface NpzOptions {
  /** Whether arrays are deflated, as by NumPy's `savez_compressed`; default true. */
  readonly compress?: boolean;
}

/** The bytes of a .npz file: a zip archive of .npy files by name. @throws ShapeError when it would have 4 GiB or more */
export async function encodeNpz(arrays: Readonly<Record<string, Tensor>>, { compress = true }: NpzOptions = {}): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  for (const [key, array] of Object.entries(arrays)) {
    const name = new TextEncoder().encode(`${key}.npy`);
    const content = encodeNpy(array);
    const data = compress ? await promisify<Uint8Array, Buffer>(deflateRaw)(content) : content;
    const entry = [
      [0x0800, 2], // the name is UTF-8
      [compress ? deflated : stored, 2],
      [0, 2],
      [date, 2],
      [crc32(content), 4],
      [data.length, 4],
      [content.length, 4],
      [name.length, 2],
      [0, 2], // no extra field
    ] as const;
    directory.push(fields([0x02014b50, 4], [20, 2], [20, 2], ...entry, [0, 2], [0, 2], [0, 2], [0, 4], [position, 4]), name);
    parts.push(fields([0x04034b50, 4], [20, 2], ...entry), name, data);
    position += 30 + name.length + data.length;
    if (content.length > limit || position > limit) {
      throw new ShapeError("encodeNpz: .npz files of 4 GiB and more are not written. Write each array as .npy.");
    }
  }
  const count = Object.keys(arrays).length;
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = fields([0x06054b50, 4], [0, 4], [count, 2], [count, 2], [size, 4], [position, 4], [0, 2]);
  return Buffer.concat([...parts, ...directory, end]);
}

/** Little-endian numbers of the given widths. */
function fields(...all: readonly (readonly [value: number, width: 2 | 4])[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(all.reduce((sum, [, width]) => sum + width, 0)));
  let at = 0;
  for (const [value, width] of all) {
    if (width === 2) bytes.setUint16(at, value, true);
    else bytes.setUint32(at, value, true);
    at += width;
  }
  return new Uint8Array(bytes.buffer);
}

/** The arrays of a .npz file by name. @throws InputError when it is damaged, or an array is as `decodeNpy` says */
export async function decodeNpz({ name, bytes }: NamedBytes): Promise<Map<string, Tensor>> {
  const source = {
    name,
    size: bytes.length,
    read: async (offset: number, length: number) => bytes.slice(offset, offset + length),
  };
  try {
    const arrays = new Map<string, Tensor>();
    for (const entry of (await readZipDirectory(source)).values()) {
      const start = await dataOffset(source, entry);
      const content = await contentOf(entry, bytes.subarray(start, start + entry.compressedSize), name);
      arrays.set(entry.name.replace(/\.npy$/, ""), await decodeNpy({ name: `${name}/${entry.name}`, bytes: content }));
    }
    return arrays;
  } catch (cause) {
    if (cause instanceof WeightsError) throw new InputError(`"${name}" cannot be read as .npz: ${cause.message}`, { cause });
    throw cause;
  }
}

async function contentOf({ name: entry, method, isEncrypted, size, crc }: ZipEntry, data: Uint8Array, file: string): Promise<Uint8Array> {
  if (isEncrypted || (method !== stored && method !== deflated)) {
    throw new InputError(
      `"${file}/${entry}" is ${isEncrypted ? "encrypted" : `compressed by method ${method}`}; expected stored or deflated.`,
    );
  }
  const damaged = (cause?: unknown) =>
    new InputError(`"${file}/${entry}" is damaged: it does not inflate to its ${size} bytes.`, { cause });
  if (size > mostRead) throw new InputError(`"${file}/${entry}" has ${size} bytes; at most ${mostRead} are read. Save it as .npy.`);
  if (size > data.length * mostInflation) throw damaged();
  const content =
    method === stored
      ? data
      : await promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw)(data, { maxOutputLength: size }).catch((cause) => {
          throw damaged(cause);
        });
  if (content.length !== size || crc32(content) !== crc) throw damaged();
  return content;
}

/** Writes arrays as .npz, whole or not at all. @throws ShapeError as `encodeNpz` @throws OutputError, InputError as `writeAtomic` */
export async function writeNpz(file: string, arrays: Readonly<Record<string, Tensor>>, options?: NpzOptions): Promise<void> {
  await writeAtomic(file, await encodeNpz(arrays, options));
}

/** Reads a .npz file. @throws InputError when it is missing, or as `decodeNpz` */
export async function readNpz(file: string): Promise<Map<string, Tensor>> {
  return await decodeNpz(await readContent(file));
}
