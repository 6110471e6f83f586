export { type CoarseMaskOptions, coarseMask, coarsePresets } from "./coarse-mask.ts";
export type { CoarseMethod, CutMask } from "./coarse-method.ts";
export { kmeansMask } from "./kmeans.ts";
export { type CoarseMethodName, coarseMethods } from "./methods.ts";
export { otsuMask, thresholdMask } from "./threshold.ts";
