export { fastSchedule, M2ib, M2ibConfig, type M2ibOptions, type M2ibResult } from "./m2ib.ts";
export { mapOfCapacity } from "./map.ts";
export { type SaliencyMethodName, saliencyMethods } from "./methods.ts";
export type { MethodNoise, SaliencyMethod } from "./saliency-method.ts";
export { ensembleFeature } from "./text-target.ts";
