import { pngMasks } from "./png-masks.ts";
import type { ResultWriter } from "./result-writer.ts";

/** The formats of masks. */
export const resultWriters = {
  png: pngMasks,
} as const satisfies Record<string, ResultWriter>;
