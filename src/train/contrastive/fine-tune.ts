import { type CropRange, type EncodedPairs, epochBatches, type PairWorkers, type ViewOptions } from "../../data/index.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import type { EpochLine, StepLine } from "../log.ts";
import { type CourseEvent, type CourseOptions, type CourseStep, runCourse } from "../loop.ts";
import { scoreHeldOut } from "./held-out.ts";
import { Supervision, type SupervisionOptions } from "./supervision.ts";
import type { ContrastiveTrainer } from "./trainer.ts";

/** What a fine-tuning works on. */
export interface FineTunePairs {
  readonly train: EncodedPairs;
  /** None: nothing is held out, and the last model counts as the best. */
  readonly validation?: EncodedPairs | undefined;
  readonly workers: PairWorkers;
}

export interface FineTuneOptions extends CourseOptions, Pick<ViewOptions, "mode" | "signal">, SupervisionOptions {
  readonly batch: number;
  readonly seed: number;
  /** Which part of an image is seen in training; null: always the middle. */
  readonly crop: CropRange | null;
  /** See `OrderOptions`. */
  readonly bucketBatches: number;
  readonly session: SessionOptions;
}

/**
 * Fine-tunes a CLIP model, see `runCourse`. The best model is that of the lowest validation loss.
 *
 * @throws ConfigError when the checkpoint was made with other settings
 * @throws InputError when no batch can be filled, or the loss is not finite
 * @throws CancelledError between two steps when the signal fires
 */
export async function* fineTune(
  trainer: ContrastiveTrainer,
  { train, validation, workers }: FineTunePairs,
  options: FineTuneOptions,
): AsyncGenerator<CourseEvent<StepLine, EpochLine>> {
  const { batch, mode, signal, seed, bucketBatches, crop } = options;
  const views = { batch, side: trainer.config.vision.imageSize, mode, signal };
  const supervision = await Supervision.open(options, workers, trainer.config);
  async function* steps(epoch: number, from: number): AsyncGenerator<CourseStep<StepLine>> {
    const order = { seed, epoch, crop, bucketBatches };
    const place = { epoch, seed, ...(crop && { range: crop }) };
    for await (const pairs of epochBatches(train, workers, { ...views, ...order, from })) {
      const run = async () => {
        const { step, loss, lr, gradNorm, logitScale } = await trainer.step(supervision.of(pairs, place));
        return (seconds: number) => ({ step, loss, lr, gradNorm, logitScale, pairsPerSecond: Number((batch / seconds).toPrecision(4)) });
      };
      yield { position: pairs.position, dropped: pairs.dropped, run };
    }
  }
  async function score() {
    const { loss, recall, dropped } = await scoreHeldOut(trainer, validation!, workers, { ...views, session: options.session });
    return { scores: { validationLoss: loss, recall }, dropped };
  }
  yield* runCourse<StepLine, EpochLine>(
    {
      trainer,
      steps,
      score: validation && score,
      isBetter: ({ validationLoss }, best) => validationLoss < best.loss!,
      bestOf: ({ validationLoss }) => ({ loss: validationLoss }),
      scalars: {
        step: ({ logitScale, pairsPerSecond }) => ({ "train/logit_scale": logitScale, "train/pairs_per_second": pairsPerSecond }),
        epoch: recallScalars,
      },
      emptiness: `the pictures that can be decoded fill no batch of ${batch}`,
    },
    options,
  );
}

function recallScalars({ recall }: EpochLine): Record<string, number> {
  const scalars: Record<string, number> = {};
  for (const k of [1, 5, 10] as const) {
    scalars[`validation/image_to_text_recall_at_${k}`] = recall.imageToText[k];
    scalars[`validation/text_to_image_recall_at_${k}`] = recall.textToImage[k];
  }
  return scalars;
}
