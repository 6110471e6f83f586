import { realpath } from "node:fs/promises";
import { resolve } from "node:path";

/** The absolute path without links; with them where nothing exists there. */
export async function realPath(path: string): Promise<string> {
  const full = resolve(path);
  return await realpath(full).catch(() => full);
}
