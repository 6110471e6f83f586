export { type CaseFiles, type ListCasesOptions, listCases, namesIn } from "./dataset/case-files.ts";
export { channelNamesOf, checkedDatasetJson, type DatasetJson } from "./dataset/dataset-json.ts";
export { datasetName, findDataset, parseDatasetName } from "./dataset/dataset-name.ts";
export { imageEndings } from "./dataset/file-endings.ts";
export { openDataset, type RawDataset, type TrainingFiles } from "./dataset/raw-dataset.ts";
export { type CaseImage, readCaseImage, readTrainingCase, type TrainingCase } from "./dataset/read-case.ts";
export { readDatasetJson } from "./dataset/read-dataset-json.ts";
export { type LabelEntry, type LabelRules, type LabelTable, labelRulesOf, type Region } from "./labels.ts";
export {
  type ModelFolder,
  modelCard,
  onnxModel,
  openModelFolder,
  patchNetwork,
  type TrainedModel,
  writeFold,
  writeModelFolder,
} from "./model/index.ts";
export { estimateOf } from "./plan/estimate.ts";
export { type FingerprintCase, type FingerprintOptions, fingerprintOf } from "./plan/fingerprint.ts";
export { fingerprintFromJson, fingerprintJson, readFingerprint } from "./plan/fingerprint-json.ts";
export { type PlanOptions, planDataset } from "./plan/plan-dataset.ts";
export { type PlannerName, planners } from "./plan/planners.ts";
export { plansFromJson, type ReadPlansOptions } from "./plan/plans-from-json.ts";
export { plansJson } from "./plan/plans-json.ts";
export { readPlans } from "./plan/read-plans.ts";
export {
  type Fingerprint,
  type IntensityProperties,
  type NormalisationScheme,
  normalisationSchemes,
  type Pair,
  type Plan2d,
  type PlannedNetwork,
  type Plans,
  type Triple,
} from "./plan/types.ts";
export {
  type ClassLabels,
  choosePostprocessing,
  keepLargestComponent,
  type Postprocessing,
  type PostprocessingTrial,
  postprocess,
  type ValidationPair,
} from "./postprocess.ts";
export {
  defaultBatchSize,
  labelsOf,
  type PredictPatches,
  patchesOf,
  predictCase,
  referenceWindows,
  restore,
  restoredLogits,
  slidingWindow,
  type WindowMapKind,
  type WindowSettings,
  windowMap,
  windowSettingsOf,
} from "./predict/index.ts";
export {
  type LabelEnding,
  labelEndingOf,
  labelEndings,
  npzOf,
  type Prediction,
  readProbabilities,
  writePrediction,
} from "./prediction-files.ts";
export {
  type CaseProperties,
  cropToNonZero,
  type PreprocessedCase,
  type PreprocessSettings,
  preprocess,
  preprocessSettingsOf,
  type RawCase,
  type TrainingLocations,
  trainingLocations,
} from "./preprocess/index.ts";
