import { z } from "zod";
import type { CoarseMethod } from "./coarse-method.ts";
import { CrfSettings, crfMask } from "./crf/crf.ts";
import { kmeansMask } from "./kmeans.ts";
import { otsuMask, ThresholdSettings, thresholdMask } from "./threshold.ts";

/** The coarse methods by their names on the command line. A new method is one function and one row here. */
export const coarseMethods = {
  kmeans: { settings: z.strictObject({}), needsImage: false, cut: kmeansMask },
  otsu: { settings: z.strictObject({}), needsImage: false, cut: otsuMask },
  threshold: { settings: ThresholdSettings, needsImage: false, cut: thresholdMask },
  crf: { settings: CrfSettings, needsImage: true, cut: crfMask },
} as const satisfies Record<string, CoarseMethod>;

/** The name of a coarse method. */
export type CoarseMethodName = keyof typeof coarseMethods;
