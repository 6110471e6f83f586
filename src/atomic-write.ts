import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError, MedclipSamError } from "./errors.ts";

/** `.<name>.<count>.<process id>.tmp`, beside the file it will become. */
const temporary = /^\..+\.(\d+)\.tmp$/;

/** Tells apart the writers of one process. */
let count = 0;

/**
 * Writes a file so that its name never holds half of it: `fill` writes a temporary file in the same folder, which then takes
 * the name. Makes the folder if needed. When `fill` throws, an older file of that name stays as it was.
 *
 * @throws InputError when the folder cannot be written to; nothing is left behind
 */
export async function writeAtomically(file: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  const partial = join(dirname(file), `.${basename(file)}.${count++}.${process.pid}.tmp`);
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(partial, "wx");
    try {
      await fill(handle);
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {});
    if (cause instanceof MedclipSamError || (cause as NodeJS.ErrnoException).code === undefined) throw cause;
    throw new InputError(`"${file}" cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Writes a whole file atomically. @throws InputError when the folder cannot be written to */
export async function writeAtomic(file: string, content: Uint8Array | string): Promise<void> {
  await writeAtomically(file, (handle) => handle.writeFile(content));
}

/** Appends all bytes of `view` at the current position; one call to the system may write only a part. */
export async function writeFully(handle: FileHandle, view: ArrayBufferView): Promise<void> {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(2 ** 30, bytes.length - done));
    done += bytesWritten;
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
