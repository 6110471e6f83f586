import {
  type CropRange,
  type EncodedPairs,
  type EpochAugmentation,
  epochBatches,
  imageName,
  outlinesOf,
  type PairWorkers,
  type ViewOptions,
} from "../../data/index.ts";
import { outputGrid } from "../../models/clip/index.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { type LoopEvent, type LoopOptions, type Training, trainingLoop } from "../loop.ts";
import type { TrainingPairs } from "./gradient.ts";
import { scoreHeldOut } from "./held-out.ts";
import { Supervision, type SupervisionOptions } from "./supervision.ts";
import type { ContrastiveTrainer } from "./trainer.ts";

/** Data of a fine-tuning. */
export interface FineTunePairs {
  readonly train: EncodedPairs;
  /** Empty: there is no validation set, and the last model counts as the best. */
  readonly validation?: EncodedPairs | undefined;
  readonly workers: PairWorkers;
}

export interface FineTuneOptions extends LoopOptions, Pick<ViewOptions, "mode" | "signal">, SupervisionOptions {
  readonly batch: number;
  readonly seed: number;
  /** Random crop in training; null: always a centre crop. */
  readonly crop: CropRange | null;
  /** Augmentation in training, with the outlines of the images. */
  readonly augmentation?: Pick<EpochAugmentation, "settings" | "emptyCrops"> | undefined;
  /** See `OrderOptions`. */
  readonly bucketBatches: number;
  readonly session: SessionOptions;
}

/**
 * Fine-tunes a CLIP model, see `trainingLoop`. The best model is that of the lowest validation loss.
 *
 * @throws ConfigError when the checkpoint was made with other settings
 * @throws InputError when no batch can be filled, or the loss is not finite
 * @throws CancelledError between two steps when the signal fires
 */
export async function* fineTune(trainer: ContrastiveTrainer, pairs: FineTunePairs, options: FineTuneOptions): AsyncGenerator<LoopEvent> {
  yield* trainingLoop(await contrastiveTraining(trainer, pairs, options), options);
}

async function contrastiveTraining(
  trainer: ContrastiveTrainer,
  { train, validation, workers }: FineTunePairs,
  options: FineTuneOptions,
): Promise<Training<TrainingPairs>> {
  const { batch, mode, signal, seed, bucketBatches, crop, session, regions } = options;
  const views = { batch, side: trainer.config.vision.imageSize, mode, signal };
  const augmentation: EpochAugmentation | undefined = options.augmentation && {
    ...options.augmentation,
    grid: outputGrid(trainer.config),
    outlinesOf: ({ image }) => outlinesOf(regions?.images.get(imageName(image)) ?? []),
  };
  const supervision = await Supervision.open(options, workers, trainer.config);
  return {
    trainer,
    unit: "pair",
    chosenBy: "loss",
    async *batches(epoch, from) {
      const place = { epoch, seed, ...(crop && { range: crop }) };
      for await (const pairs of epochBatches(train, workers, { ...views, seed, epoch, crop, augmentation, bucketBatches, from })) {
        yield { batch: supervision.of(pairs, place), size: batch, position: pairs.position, dropped: pairs.dropped };
      }
    },
    async step(pairs) {
      const { logitScale, ...numbers } = await trainer.step(pairs);
      return { ...numbers, logit_scale: logitScale };
    },
    score: validation && (() => scoreHeldOut(trainer, validation, workers, { ...views, session })),
    emptiness: `the images that can be decoded do not fill a batch of ${batch}`,
  };
}
