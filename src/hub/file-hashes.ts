import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { throwIfCancelled } from "../errors.ts";

/** Both names that the hub may give a content. */
export interface FileHashes {
  readonly size: number;
  readonly sha256: string;
  /** What Git calls it: the SHA-1 of `blob <size>`, a zero and the content. */
  readonly git: string;
}

/** Reads a file once and computes its hashes; nothing is kept from an earlier call. */
export async function hashesOfFile(file: string, signal?: AbortSignal): Promise<FileHashes> {
  const { size } = await stat(file);
  const [sha256, git] = [createHash("sha256"), createHash("sha1").update(`blob ${size}\0`)];
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    throwIfCancelled(signal);
    sha256.update(chunk as Uint8Array);
    git.update(chunk as Uint8Array);
  }
  return { size, sha256: sha256.digest("hex"), git: git.digest("hex") };
}

/** The hash of a content in the form of an expected one: SHA-256 has 64 digits, Git's 40. */
export function hashLike(expected: string, { sha256, git }: Pick<FileHashes, "sha256" | "git">): string {
  return expected.length === 64 ? sha256 : git;
}
