import { constants, existsSync } from "node:fs";
import { access, copyFile, type FileHandle, mkdir, open, readdir, readlink, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError, MedclipSamError, OutputError } from "../errors.ts";
import { thenDispose } from "../then-dispose.ts";
import { processStatus } from "./process-status.ts";

/** `.<name>.<count>.<process id>.tmp`, beside the file it will become. */
const temporary = /^\..+\.(\d+)\.tmp$/;

/** Whether a file name is that of an incomplete file. */
export const isTemporary = (name: string): boolean => temporary.test(name);

/** Bytes of a name that its temporary file repeats: file systems take 255 in all, and a result may have as many. */
const repeatedBytes = 100;

/** Tells apart the writers of one process. */
let count = 0;

/** A name beside a file, of this process alone; when the process has ended, `removeLeftovers` takes it for a leftover. */
export function temporaryName(file: string): string {
  const start = new TextDecoder().decode(new TextEncoder().encode(basename(file)).subarray(0, repeatedBytes));
  return join(dirname(file), `.${start}.${count++}.${process.pid}.tmp`);
}

/** Faults of one name: too long, with characters that the file system does not allow, taken by a folder or by links in a circle. Other files can be written. */
const faultsOfName = new Set(["ENAMETOOLONG", "EILSEQ", "EINVAL", "EISDIR", "ELOOP"]);

/** Messages for the other faults, with the remedy. */
const faultsOfPlace: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full. Free some space",
  EDQUOT: "the disk quota is used up. Free some space",
  EFBIG: "the file would be larger than this system allows. Raise the limit",
  EROFS: "the disk is read-only. Choose another folder",
  EACCES: "permission denied. Change the permissions or choose another folder",
  EPERM: "permission denied. Change the permissions or choose another folder",
  ENOTDIR: "a part of its path is a file, not a folder. Move that file away or choose another folder",
  EEXIST: "a part of its path is a file, not a folder. Move that file away or choose another folder",
  ENOENT: "its folder has disappeared. Bring it back or choose another one",
  EPIPE: "its reader ended before all was written. Keep the reader running",
  EMFILE: "too many files are open. Raise the limit (ulimit -n)",
  ENFILE: "too many files are open on this machine. Close other programs",
};

/**
 * Runs an operation that writes or removes a file.
 *
 * Every function that writes results does it in here, so the one distinction that callers need is made in one place: a fault of the place
 * concerns all that is still to be written, a fault of the name this file alone.
 *
 * @throws OutputError when nothing else could be written either, InputError when it is the name
 */
export async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (cause instanceof MedclipSamError || code === undefined) throw cause;
    if (faultsOfName.has(code)) throw new InputError(`"${file}" cannot be written: ${message}`, { cause });
    throw new OutputError(`"${file}" ${unwritable(cause as NodeJS.ErrnoException)}`, { cause });
  }
}

/** Why something cannot be written, and the remedy, after its name. */
export function unwritable({ code, message }: NodeJS.ErrnoException): string {
  const words = code === undefined ? undefined : faultsOfPlace[code];
  return `cannot be written: ${words === undefined ? message : `${words} (${code})`}.`;
}

/** Most links that systems follow on the way to a file. */
const mostLinks = 40;

/** The file that a path leads to by symbolic links; it need not exist. @throws an error with the code ELOOP when they lead in a circle */
export async function linkTarget(path: string): Promise<string> {
  let file = path;
  for (let links = 0; links <= mostLinks; links++) {
    const target = await readlink(file).catch(() => undefined); // no link
    if (target === undefined) return file;
    file = resolve(await realpath(dirname(file)), target);
  }
  throw Object.assign(new Error("its symbolic links lead in a circle"), { code: "ELOOP" });
}

/** Whether the path leads to a device or a pipe, which is written directly and cannot be replaced. */
async function isStream(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

/**
 * Writes a file so that its name never holds half of it: `fill` writes a temporary file in the same folder, which then takes
 * the name. Makes the folder if needed. When `fill` throws, an older file of that name stays as it was.
 *
 * A symbolic link stays, and its target is written. Devices and pipes are written directly.
 *
 * @param fill - writes from beginning to end, as pipes have no positions
 * @param options.sync - wait until the disk has it, so that a power failure cannot leave the name with half of it either
 * @throws OutputError, InputError as `writing`; nothing is left behind
 */
export async function writeAtomically(
  file: string,
  fill: (handle: FileHandle) => Promise<void>,
  { sync = false }: { readonly sync?: boolean } = {},
): Promise<void> {
  if (await isStream(file)) {
    await writing(file, async () => {
      const handle = await open(file, constants.O_WRONLY);
      await thenDispose(() => fill(handle), handle);
    });
    return;
  }
  await replacing(file, async (partial) => {
    const handle = await open(partial, "wx");
    await thenDispose(async () => {
      await fill(handle);
      if (sync) await handle.datasync();
    }, handle);
  });
}

/** Copies a file so that the new name never holds half of it. @throws OutputError, InputError as `writing` */
export async function copyAtomically(from: string, file: string): Promise<void> {
  const { COPYFILE_EXCL, COPYFILE_FICLONE } = constants; // some file systems let copies share their blocks
  await replacing(file, (partial) => copyFile(from, partial, COPYFILE_EXCL | COPYFILE_FICLONE));
}

/** Replaces a file, or the target of a link: `write` fills a temporary file beside it, which then takes its name. */
async function replacing(file: string, write: (partial: string) => Promise<void>): Promise<void> {
  await writing(file, async () => {
    const target = await linkTarget(file);
    const partial = temporaryName(target);
    try {
      await makeFolder(dirname(target));
      await write(partial);
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { force: true }).catch(() => {});
      throw error;
    }
  });
}

/** Writes a whole file atomically. @throws OutputError, InputError as `writing` */
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

/** Makes a folder with those above it. @throws OutputError, InputError as `writing` */
export async function makeFolder(folder: string): Promise<void> {
  await writing(folder, () => makeEach(folder));
}

/**
 * Folder by folder: making all at once, Node never returns where the system refuses a folder as if its parent were missing (below `/proc`), and
 * does not say of a read-only disk that it is one.
 */
async function makeEach(folder: string): Promise<void> {
  if (existsSync(folder) && (await stat(folder)).isDirectory()) return;
  if (!existsSync(dirname(folder))) await makeEach(dirname(folder));
  try {
    await mkdir(folder);
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !(await stat(folder)).isDirectory()) throw error;
  }
}

/**
 * Makes sure that a file can be written, before the work whose result it is to hold.
 *
 * @param inputs - files that the work reads, which the result must not replace
 * @throws OutputError, InputError as `writing`; InputError, too, when it is a folder or one of the inputs
 */
export async function requireWritable(file: string, inputs: readonly string[] = []): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw new InputError(`"${file}" is a folder, expected the name of a file to write.`);
  // A pipe has no path of its own.
  const place = found && (await realpath(file).catch(() => undefined));
  if (place !== undefined && (await placesOf(inputs)).has(place))
    throw new InputError(`"${file}" is one of the files that are read, and the result would overwrite it. Choose another name.`);
  if (await isStream(file)) return await writing(file, () => access(file, constants.W_OK));
  const target = await writing(file, () => linkTarget(file));
  await makeFolder(dirname(target));
  const probe = temporaryName(target);
  await writing(file, () => writeFile(probe, "", { flag: "wx" }));
  await remove([probe]);
}

/** Whether two paths are one file to write: the same path, links to one target, or one pipe by two names. */
export async function areSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((file) => linkTarget(resolve(file)).catch(() => resolve(file))));
  if (a === b) return true;
  const [found, others] = await Promise.all([one, other].map((file) => stat(file).catch(() => undefined)));
  return found !== undefined && others !== undefined && found.dev === others.dev && found.ino === others.ino;
}

async function placesOf(files: readonly string[]): Promise<ReadonlySet<string>> {
  return new Set(await Promise.all(files.map((file) => realpath(file).catch(() => file))));
}

/** Removes files and folders with all that is in them; those that are not there are no fault. @throws OutputError, InputError as `writing` */
export async function remove(paths: readonly string[]): Promise<void> {
  for (const path of paths) await writing(path, () => rm(path, { recursive: true, force: true }));
}

/**
 * Deletes the temporary files of writers that were killed; those of running processes are kept.
 *
 * @param options.below - also in all folders below; by default in this folder alone
 * @returns the deleted files; none when the folder does not exist
 */
export async function removeLeftovers(dir: string, { below = false }: { readonly below?: boolean } = {}): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: below }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new InputError(`"${dir}" cannot be read: ${cause.message}`, { cause });
  });
  const stale = entries.filter((entry) => {
    const writer = temporary.exec(entry.name)?.[1];
    return entry.isFile() && writer !== undefined && !isRunning(Number(writer));
  });
  const files = stale.map(({ parentPath, name }) => join(parentPath, name)).sort();
  await remove(files);
  return files;
}

/** Whether a process of that id runs on this machine. */
export function isRunning(pid: number): boolean {
  // Zero would mean our own group, and larger numbers are no process ids anywhere.
  if (pid === 0 || pid > 0x7fffffff) return false;
  try {
    process.kill(pid, 0);
    return !hasEnded(pid);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"; // exists, but belongs to another user
  }
}

/**
 * Whether a process has ended and only its id is left, because its parent has not asked what became of it. In containers whose first process
 * never asks, a killed process stays so for good. Linux alone tells.
 */
function hasEnded(pid: number): boolean {
  return /^[ZX]/.test(processStatus(pid)?.state ?? "");
}
