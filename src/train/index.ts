export type { PairFeatures, TrainingPairs } from "./contrastive-gradient.ts";
export { ContrastiveTrainer, type RunLength, type StepResult, type Validation } from "./contrastive-trainer.ts";
export { ContrastiveSettings } from "./settings.ts";
