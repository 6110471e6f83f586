export { type ClassLocations, classLocations, type TrainingLocations, trainingLocations } from "./class-locations.ts";
export { type Cropped, cropToNonZero } from "./crop.ts";
export { type ChannelNormalisation, type ForegroundIntensities, normalise } from "./normalise.ts";
export {
  type CaseProperties,
  type PreprocessedCase,
  type PreprocessSettings,
  preprocess,
  preprocessSettingsOf,
  type RawCase,
} from "./preprocess.ts";
export { resampledSize, type Spacing } from "./resampled-size.ts";
