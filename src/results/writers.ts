import { pngMasks } from "./png-masks.ts";
import type { ResultWriter } from "./result-writer.ts";

/** The formats of masks. */
export const resultWriters = {
  png: pngMasks("masks"),
  /** Masks of slices, before their volume is made consistent. */
  slices: pngMasks("slices"),
} as const satisfies Record<string, ResultWriter>;
