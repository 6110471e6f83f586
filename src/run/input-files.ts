import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { InputError } from "../errors.ts";

/** Hash of a file's content, and how to detect later that it has changed. */
export interface InputHash {
  readonly sha256: string;
  /** Null if a change could go undetected. */
  readonly stamp: string | null;
}

/** A file changed this recently could change again within the same tick of the file system's clock. */
const settledMs = 2000;

/** Files that were hashed last: the frames of a scan are inputs one after the other, and may depend on all its files. */
const kept = new Map<string, InputHash>();
const mostKept = 10_000;

/** Hashes a file. @throws InputError when it cannot be read */
export async function hashInput(file: string): Promise<InputHash> {
  try {
    const before = await statusOf(file);
    const known = kept.get(file);
    if (known?.stamp === before.stamp) return known;
    const sha256 = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    const after = await statusOf(file);
    const isSettled = before.stamp === after.stamp && Date.now() - after.changedMs > settledMs;
    const hash = { sha256, stamp: isSettled ? after.stamp : null };
    if (kept.size >= mostKept) kept.clear();
    kept.set(file, hash);
    return hash;
  } catch (cause) {
    throw new InputError(`"${file}" cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Of more files than this, such as those of a series, one entry for all of them is recorded with an image. */
const mostEntries = 8;

/** Entries that are recorded for the inputs of an image. */
export const entriesOf = (files: readonly string[]): number => (files.length > mostEntries ? 1 : files.length);

/** The hashes of an image's inputs as they are recorded. @throws InputError when one cannot be read */
export async function hashInputs(files: readonly string[]): Promise<readonly InputHash[]> {
  const hashes: InputHash[] = [];
  for (const file of files) hashes.push(await hashInput(file));
  if (entriesOf(files) === files.length) return hashes;
  const stamps = hashes.map(({ stamp }) => stamp);
  return [{ sha256: hashOfAll(hashes.map(({ sha256 }) => sha256)), stamp: stamps.includes(null) ? null : hashOfAll(stamps) }];
}

/** The stamps of an image's inputs as they are recorded; undefined for files that do not exist. */
export async function stampsOf(files: readonly string[]): Promise<readonly (string | undefined)[]> {
  const stamps = await Promise.all(files.map(stampOf));
  if (entriesOf(files) === files.length) return stamps;
  return [stamps.includes(undefined) ? undefined : hashOfAll(stamps)];
}

const hashOfAll = (parts: readonly unknown[]): string => createHash("sha256").update(parts.join("\n")).digest("hex");

/** Size, mtime and ctime (which no program can set); undefined if the file does not exist. */
export async function stampOf(file: string): Promise<string | undefined> {
  return await statusOf(file).then(
    ({ stamp }) => stamp,
    () => undefined,
  );
}

async function statusOf(file: string): Promise<{ stamp: string; changedMs: number }> {
  const { size, mtimeNs, ctimeNs, ctimeMs } = await stat(file, { bigint: true });
  return { stamp: `${size} ${mtimeNs} ${ctimeNs}`, changedMs: Number(ctimeMs) };
}

/** Whether a result exists and is not empty; after a power failure a file may be empty under its final name. */
export async function isWritten(file: string): Promise<boolean> {
  return await stat(file).then(
    ({ size }) => size > 0,
    () => false,
  );
}
