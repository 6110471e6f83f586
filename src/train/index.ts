export { ByteCache } from "./byte-cache.ts";
export type { PairFeatures, TrainingPairs } from "./contrastive-gradient.ts";
export { ContrastiveTrainer, type StepResult, type Validation } from "./contrastive-trainer.ts";
export { type FineTuneOptions, type FineTunePairs, fineTune } from "./fine-tune.ts";
export { type FineTunePromptableOptions, fineTunePromptable, type PromptableData } from "./fine-tune-promptable.ts";
export { bestCheckpoint, lastCheckpoint, modelFolder } from "./folder.ts";
export type { Recalls } from "./held-out.ts";
export type { EmbedImageNumber } from "./prompt-batches.ts";
export { PromptData } from "./prompt-data.ts";
export { PromptDrawSettings } from "./prompt-draws.ts";
export type { TrainingPrompt } from "./promptable-graph.ts";
export { PromptableSettings } from "./promptable-settings.ts";
export { type PromptableAnswer, type PromptableStep, PromptableTrainer, type PromptedImages } from "./promptable-trainer.ts";
export type { TrainingRegions } from "./region-terms.ts";
export type { TrainingPosition } from "./resume.ts";
export { ContrastiveSettings } from "./settings.ts";
export type { RunLength } from "./trainer.ts";
export type { CourseEvent, CourseOptions } from "./training-course.ts";
export {
  type EpochLine,
  type EpochRecord,
  type MetricsLine,
  type PromptEpochLine,
  type PromptStepLine,
  readMetrics,
  type StepLine,
  type StepRecord,
} from "./training-log.ts";
