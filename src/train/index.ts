export type { PairFeatures, TrainingPairs } from "./contrastive-gradient.ts";
export { ContrastiveTrainer, type RunLength, type StepResult, type Validation } from "./contrastive-trainer.ts";
export {
  bestCheckpoint,
  type FineTuneOptions,
  type FineTunePairs,
  fineTune,
  lastCheckpoint,
  modelFolder,
  type TrainingEvent,
  type TrainingPosition,
} from "./fine-tune.ts";
export type { Recalls } from "./held-out.ts";
export type { TrainingRegions } from "./region-terms.ts";
export { ContrastiveSettings } from "./settings.ts";
export { type EpochLine, type MetricsLine, readMetrics, type StepLine } from "./training-log.ts";
