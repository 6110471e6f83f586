import { gridOf } from "../../models/sam/index.ts";
import { squareSizesOf } from "../../segment/index.ts";
import { type LoopEvent, type LoopOptions, type Training, trainingLoop } from "../loop.ts";
import { type BatchOptions, type EmbedImage, trainingBatch } from "./batches.ts";
import { scoreTargets } from "./held-out.ts";
import type { PromptData } from "./prompt-data.ts";
import type { PromptDrawSettings } from "./prompt-draws.ts";
import { TargetOrder } from "./target-order.ts";
import type { PromptableTrainer, PromptedImages } from "./trainer.ts";

/** Data of SAM fine-tuning. */
export interface PromptableData {
  readonly train: PromptData;
  /** Empty: there is no validation set, and the last model counts as the best. */
  readonly validation?: PromptData | undefined;
  /** Encodes images of the training and validation set if the encoder is frozen. */
  readonly embed?: EmbedImage | undefined;
}

export interface FineTunePromptableOptions extends LoopOptions {
  readonly stepsPerEpoch: number;
  /** Total number of steps, at most those of all epochs; the last epoch ends with it. */
  readonly steps: number;
  /** Images per step. */
  readonly batch: number;
  /** Prompts per image. */
  readonly prompts: number;
  readonly isBalanced: boolean;
  readonly seed: number;
  readonly draws: PromptDrawSettings;
}

/**
 * Fine-tunes a SAM model, see `trainingLoop`. The best model is that of the highest mean DSC on the validation set.
 *
 * @throws ConfigError when the checkpoint was made with other settings
 * @throws InputError when the loss is not finite
 * @throws CancelledError between two steps when the signal fires
 */
export async function* fineTunePromptable(
  trainer: PromptableTrainer,
  data: PromptableData,
  options: FineTunePromptableOptions,
): AsyncGenerator<LoopEvent> {
  yield* trainingLoop(promptableTraining(trainer, data, options), options);
}

function promptableTraining(
  trainer: PromptableTrainer,
  { train, validation, embed }: PromptableData,
  options: FineTunePromptableOptions,
): Training<PromptedImages> {
  const { batch, prompts, seed, stepsPerEpoch, isBalanced } = options;
  const { outChannels } = trainer.config;
  const { points, negativePoints, maskShare } = trainer.settings;
  const grid = gridOf(trainer.config);
  const sizes = { ...squareSizesOf(trainer.config), embeddingShape: [outChannels, grid, grid] };
  const batches: BatchOptions = { ...options.draws, ...sizes, points, negativePoints, maskShare, seed, batch, prompts, embed };
  const order = new TargetOrder(train.targets, { seed, isBalanced });
  return {
    trainer,
    unit: "prompt",
    chosenBy: "dsc",
    async *batches(epoch, from) {
      for (let position = from; position < stepsPerEpoch; position++) {
        const at = epoch * stepsPerEpoch + position;
        if (at >= options.steps) return;
        yield { batch: await trainingBatch(train, order, at, batches), size: batch * prompts, position: position + 1, dropped: [] };
      }
    },
    async step(prompted) {
      return { ...(await trainer.step(prompted)) };
    },
    score: validation && (async () => ({ scores: await scoreTargets(trainer, validation, batches), dropped: [] })),
    emptiness: "no training step was run",
  };
}
