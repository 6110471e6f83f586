export { predictCase, windowSettingsOf } from "./predict-case.ts";
export { labelsOf, restore, restoredLogits } from "./restore.ts";
export {
  defaultBatchSize,
  type PredictPatches,
  patchesOf,
  referenceWindows,
  slidingWindow,
  type WindowSettings,
} from "./sliding-window.ts";
export { type WindowMapKind, windowMap } from "./window-map.ts";
export { windowStarts } from "./window-starts.ts";
