import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { WeightsError } from "../../errors.ts";
import { type ByteSource, endsEarly } from "../_byte-source.ts";

export { resolve as absolutePath } from "node:path";
export { writeAtomically, writeFully } from "../../files/atomic-write.ts";

/** A file in the folder of another. */
export const siblingPath = (file: string, name: string): string => join(dirname(file), name);

/** One read call moves at most this much; systems refuse or shorten calls of 2 GiB and more. */
const READ_LIMIT = 2 ** 30;

/** Opens a file for the time of `use`. @throws WeightsError when it does not exist, is a folder or cannot be read */
export async function withFile<T>(file: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const handle = await openToRead(file);
  try {
    const { size } = await handle.stat();
    return await use({ name: file, size, read: (offset, length) => readExactly(handle, file, offset, length) });
  } finally {
    await handle.close();
  }
}

async function openToRead(file: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new WeightsError(`"${file}" does not exist. Check the path of the weights.`, { cause });
    throw new WeightsError(`"${file}" cannot be opened (${code}). Check that the file may be read.`, { cause });
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new WeightsError(`"${file}" is a folder or device, expected a file of weights. Name the file inside it.`);
}

async function readExactly(handle: FileHandle, file: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  // Checked before the memory is asked for: a damaged file may claim any length.
  const { size } = await handle.stat();
  if (offset + length > size) throw endsEarly(file, offset, length, size);
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(READ_LIMIT, length - done), offset + done);
    if (bytesRead === 0) throw endsEarly(file, offset, length, offset + done);
    done += bytesRead;
  }
  return bytes;
}
