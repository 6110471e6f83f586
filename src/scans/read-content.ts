import { readFile, stat } from "node:fs/promises";
import { InputError } from "../errors.ts";
import type { NamedBytes } from "./sources/image-source.ts";

/** The bytes of a regular file. They are read here, not by the decoder, to avoid its cache of file names. */
export async function readContent(file: string): Promise<NamedBytes> {
  try {
    const found = await stat(file);
    if (found.isDirectory()) throw new InputError(`"${file}" is a folder, expected an image file`);
    if (!found.isFile()) throw new InputError(`"${file}" is not a regular file`);
    return { name: file, bytes: await readFile(file) };
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw new InputError(`"${file}" does not exist`, { cause });
    throw new InputError(`"${file}" cannot be read: ${(cause as Error).message}`, { cause });
  }
}
