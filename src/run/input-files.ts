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

/** The file that was hashed last: the frames of a scan in one file are inputs one after the other. */
let last: { readonly file: string; readonly hash: InputHash } | undefined;

/** Hashes a file. @throws InputError when it cannot be read */
export async function hashInput(file: string): Promise<InputHash> {
  try {
    const before = await statusOf(file);
    if (last?.file === file && last.hash.stamp === before.stamp) return last.hash;
    const sha256 = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    const after = await statusOf(file);
    const isSettled = before.stamp === after.stamp && Date.now() - after.changedMs > settledMs;
    const hash = { sha256, stamp: isSettled ? after.stamp : null };
    last = { file, hash };
    return hash;
  } catch (cause) {
    throw new InputError(`"${file}" cannot be read: ${(cause as Error).message}`, { cause });
  }
}

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
