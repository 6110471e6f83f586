import { readFile } from "node:fs/promises";
import { InputError } from "../errors.ts";

/** The text of a file; undefined if it does not exist. @throws InputError when it cannot be read */
export async function readTextIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new InputError(`"${file}" cannot be read: ${(cause as Error).message}`, { cause });
  }
}
