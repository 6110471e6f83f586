export {
  type ConformalMargin,
  type ConformalSide,
  conformalMargin,
  conformalRange,
  type MeasuredScore,
  type ScoreRange,
} from "./conformal.ts";
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
export { calibrationRadiusPx, dilated, foregroundRegion } from "./region.ts";
export {
  addReleased,
  type ReleasedMap,
  type ReleasedMapName,
  type ReleasedSums,
  releasedMap,
  releasedScore,
  startReleased,
} from "./released.ts";
export {
  addCalibration,
  type Calibration,
  type CalibrationClaim,
  type CalibrationSums,
  calibrationOf,
  joinedCalibration,
  type ReliabilityBin,
  startCalibration,
} from "./reliability.ts";
export { type ReviewItem, reviewList } from "./review-list.ts";
export { type RiskCoverage, type RiskyImage, riskCoverage } from "./risk-coverage.ts";
export { fitScoreCurve, predictedScore, type ScoreCurve, type ScoredImage, splitConformal } from "./score-curve.ts";
export { type FittedTemperature, fitTemperature, type LabelledLogits, logitsOf, withTemperature } from "./temperature.ts";
