import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { WeightsError } from "../errors.ts";
import { megabytes } from "./megabytes.ts";

/** @throws WeightsError when the disk of a path has less space than needed */
export async function requireSpace(path: string, bytes: number): Promise<void> {
  let existing = resolve(path);
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const disk = await statfs(existing).catch(() => undefined); // some file systems do not tell
  const free = disk && disk.bavail * disk.bsize;
  if (free !== undefined && free < bytes) {
    throw new WeightsError(
      `the disk of "${path}" has ${megabytes(free)} free, but ${megabytes(bytes)} are needed. Free some space, or choose another disk (the cache: HF_HOME).`,
    );
  }
}
