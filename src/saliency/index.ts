export { fastSchedule, M2ib, M2ibConfig, type M2ibOptions, type M2ibResult } from "./m2ib.ts";
export { mapOfCapacity } from "./map.ts";
export { ensembleFeature } from "./text-target.ts";
