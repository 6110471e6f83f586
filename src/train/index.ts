export type { PairFeatures, TrainingPairs } from "./contrastive-gradient.ts";
export { ContrastiveTrainer, type StepResult, type Validation } from "./contrastive-trainer.ts";
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
export type { TrainingPrompt } from "./promptable-graph.ts";
export { PromptableSettings } from "./promptable-settings.ts";
export { type PromptableAnswer, type PromptableStep, PromptableTrainer, type PromptedImages } from "./promptable-trainer.ts";
export type { TrainingRegions } from "./region-terms.ts";
export { ContrastiveSettings } from "./settings.ts";
export type { RunLength } from "./trainer.ts";
export { type EpochLine, type MetricsLine, readMetrics, type StepLine } from "./training-log.ts";
