export { MissingLayerError } from "./_cut-tower.ts";
export { type Confidence, confidence, summariseConfidence } from "./confidence.ts";
export { fastSchedule, M2ib, M2ibConfig, type M2ibOptions, type M2ibResult } from "./m2ib.ts";
export { mapOfCapacity, mapOfProbabilities } from "./map.ts";
export { notFiniteMap, refuseForeign, type SaliencyMethodName, saliencyMethods } from "./methods.ts";
export { methodOfFunction, type OwnSaliencyMethod } from "./own-method.ts";
export type { MemoryPeaks, MethodFlops, MethodNoise, MethodRow, SaliencyMethod } from "./saliency-method.ts";
export { ensembleFeature } from "./text-target.ts";
