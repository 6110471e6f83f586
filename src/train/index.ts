export { ByteCache } from "./byte-cache.ts";
export { type FineTuneOptions, type FineTunePairs, fineTune } from "./contrastive/fine-tune.ts";
export type { PairFeatures, TrainingPairs } from "./contrastive/gradient.ts";
export type { Recalls } from "./contrastive/held-out.ts";
export type { TrainingRegions } from "./contrastive/region-terms.ts";
export { ContrastiveSettings } from "./contrastive/settings.ts";
export { ContrastiveTrainer, type StepResult, type Validation } from "./contrastive/trainer.ts";
export { bestCheckpoint, lastCheckpoint, modelFolder } from "./folder.ts";
export {
  type EpochLine,
  type EpochRecord,
  type MetricsLine,
  type PromptEpochLine,
  type PromptStepLine,
  readMetrics,
  type StepLine,
  type StepRecord,
} from "./log.ts";
export type { CourseEvent, CourseOptions } from "./loop.ts";
export type { EmbedImageNumber } from "./promptable/batches.ts";
export { type FineTunePromptableOptions, fineTunePromptable, type PromptableData } from "./promptable/fine-tune.ts";
export type { TrainingPrompt } from "./promptable/graph.ts";
export { PromptData } from "./promptable/prompt-data.ts";
export { PromptDrawSettings } from "./promptable/prompt-draws.ts";
export { PromptableSettings } from "./promptable/settings.ts";
export { type PromptableAnswer, type PromptableStep, PromptableTrainer, type PromptedImages } from "./promptable/trainer.ts";
export type { TrainingPosition } from "./resume.ts";
export type { RunLength } from "./trainer.ts";
