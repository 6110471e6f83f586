import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A file of the built package by its path below `dist`, found from the source and from whatever file of the built package this is part of. */
export function builtFile(...path: readonly string[]): string {
  return join(dirname(createRequire(import.meta.url).resolve("medclip-sam/package.json")), "dist", ...path);
}
