import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError } from "../errors.ts";

/** `.<name>.<process id>.tmp`, beside the file it will become. */
const temporary = /^\..+\.(\d+)\.tmp$/;

/**
 * Writes a file so that its name never holds half of it: to a temporary file in the same folder, then renamed. Makes the folder if needed.
 * One writer a file at a time within a process.
 *
 * @throws InputError when the folder cannot be written to; nothing is left behind
 */
export async function writeAtomic(file: string, bytes: Uint8Array | string): Promise<void> {
  const partial = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(partial, bytes);
    await rename(partial, file);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {});
    throw new InputError(`"${file}" cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * Deletes the temporary files of writers that were killed, in this folder alone; those of running processes are kept.
 *
 * @returns the deleted files; none when the folder does not exist
 */
export async function removeLeftovers(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new InputError(`"${dir}" cannot be read: ${cause.message}`, { cause });
  });
  const stale = entries.filter((entry) => {
    const writer = temporary.exec(entry.name)?.[1];
    return entry.isFile() && writer !== undefined && !isRunning(Number(writer));
  });
  const files = stale.map(({ name }) => join(dir, name)).sort();
  for (const file of files) await rm(file, { force: true });
  return files;
}

function isRunning(pid: number): boolean {
  // Zero would mean our own group, and larger numbers are no process ids anywhere.
  if (pid === 0 || pid > 0x7fffffff) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"; // there, but somebody else's
  }
}
