import { open } from "node:fs/promises";
import { InputError } from "../errors.ts";
import type { FileHead } from "./file-access.ts";

/** The first bytes of a regular file, or all of a shorter one. @throws InputError when it cannot be read */
export async function readHead(file: string, length: number): Promise<FileHead> {
  try {
    const handle = await open(file);
    try {
      const found = await handle.stat();
      if (!found.isFile())
        throw new InputError(`"${file}" is ${found.isDirectory() ? "a folder" : "not a regular file"}; expected a file.`);
      const bytes = new Uint8Array(Math.min(length, found.size));
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return { name: file, bytes: bytes.subarray(0, done), size: found.size };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new InputError(`"${file}" ${code === "ENOENT" ? "does not exist" : `cannot be read: ${message}`}`, { cause });
  }
}
