export { addMember, type Ensemble, type EnsembleResult, ensembleResult, startEnsemble } from "./ensemble.ts";
export { type EntropyMap, entropyLevels, entropyMap } from "./entropy.ts";
export {
  edgeOf,
  edgeScore,
  type ImageScores,
  imageScores,
  meanInForeground,
  type UncertaintyMeasure,
  uncertaintyMeasures,
  uncertaintyModes,
} from "./image-scores.ts";
export { foregroundMask } from "./member-masks.ts";
export {
  addReleased,
  type ReleasedMap,
  type ReleasedMapName,
  type ReleasedSums,
  releasedMap,
  releasedScore,
  startReleased,
} from "./released.ts";
export { type ReviewItem, reviewList } from "./review-list.ts";
