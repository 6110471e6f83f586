export { type CalibrationImage, type CalibrationResult, calibrate, requireEnough } from "./calibrate.ts";
export { Calibration, type Judgement, judge } from "./judge.ts";
export { nullPrompts } from "./null-prompts.ts";
export { type FeatureGrid, pooledFeatures } from "./pooled-features.ts";
export { type Evidence, mapSigns, type PresenceSigns, signMeanings, signNames } from "./signs.ts";
