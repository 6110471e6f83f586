import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CropRange, type DroppedPair, type EncodedPairs, epochBatches, type PairWorkers, type ViewOptions } from "../data/index.ts";
import { CancelledError, InputError } from "../errors.ts";
import type { SessionOptions } from "../runtime/session.ts";
import type { ContrastiveTrainer } from "./contrastive-trainer.ts";
import { scoreHeldOut } from "./held-out.ts";
import { Supervision, type SupervisionOptions } from "./supervision.ts";
import { type EpochLine, type StepLine, TrainingLog } from "./training-log.ts";

/** What a fine-tuning works on. */
export interface FineTunePairs {
  readonly train: EncodedPairs;
  /** None: nothing is held out, and the last model counts as the best. */
  readonly validation?: EncodedPairs | undefined;
  readonly workers: PairWorkers;
}

export interface FineTuneOptions extends Pick<ViewOptions, "mode" | "signal">, SupervisionOptions {
  /** Folder for checkpoints, metrics and the model. */
  readonly out: string;
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** Which part of an image is seen in training; null: always the middle. */
  readonly crop: CropRange | null;
  /** See `OrderOptions`. */
  readonly bucketBatches: number;
  /** Epochs without a lower validation loss after which the training ends; default: never. */
  readonly earlyStop?: number | undefined;
  /** Steps between two checkpoints, beside those of each epoch's end and of every ten minutes; default: no others. */
  readonly checkpointEvery?: number | undefined;
  readonly session: SessionOptions;
}

/** Where a training stands; what the trainer itself does not know. Plain JSON, kept in its checkpoints. */
export interface TrainingPosition {
  /** Epochs that are finished. */
  readonly epochs: number;
  /** Where the next batch of the current epoch is looked for. */
  readonly position: number;
  /** Epochs are counted from 1. The loss is null where nothing is held out. */
  readonly best: { readonly epoch: number; readonly loss: number | null } | null;
  /** Epochs since the best one. */
  readonly bad: number;
  readonly isStopped: boolean;
}

export type TrainingEvent =
  /** Once, before the first step. */
  | { readonly type: "resumed"; readonly step: number; readonly position: TrainingPosition }
  | { readonly type: "step"; readonly line: StepLine }
  /** `line` is undefined where nothing is held out. */
  | { readonly type: "epoch"; readonly epoch: number; readonly line: EpochLine | undefined; readonly position: TrainingPosition }
  | { readonly type: "dropped"; readonly pairs: readonly DroppedPair[] };

/** A crash or a power failure costs at most about so much work. */
const checkpointMs = 10 * 60_000;

const start: TrainingPosition = { epochs: 0, position: 0, best: null, bad: 0, isStopped: false };

/** The checkpoint from which a training in a folder goes on. */
export const lastCheckpoint = (out: string): string => join(out, "checkpoints", "last.safetensors");
/** The checkpoint of the lowest validation loss. */
export const bestCheckpoint = (out: string): string => join(out, "checkpoints", "best.safetensors");
/** The exported model of the lowest validation loss. */
export const modelFolder = (out: string): string => join(out, "model");

/**
 * Fine-tunes a model and writes into a folder: `metrics.jsonl`, `tensorboard/`, `checkpoints/last.safetensors` and
 * `best.safetensors`, and the best model so far as `model/`.
 *
 * Where the folder has a last checkpoint the training goes on from there, and ends with the same bytes as one that never stopped.
 *
 * @throws ConfigError when the checkpoint was made with other settings
 * @throws InputError when no batch can be filled, or the loss is not finite
 * @throws CancelledError between two steps when the signal fires
 */
export async function* fineTune(
  trainer: ContrastiveTrainer,
  { train, validation, workers }: FineTunePairs,
  options: FineTuneOptions,
): AsyncGenerator<TrainingEvent> {
  const { out, epochs, batch, mode, signal } = options;
  const views = { batch, side: trainer.config.vision.imageSize, mode, signal };
  const supervision = await Supervision.open(options, workers, trainer.config);
  const last = lastCheckpoint(out);
  const resumed = existsSync(last) ? ((await trainer.load(last)) as TrainingPosition) : undefined;
  let at = resumed ?? start;
  if (resumed) yield { type: "resumed", step: trainer.steps, position: resumed };
  const log = await TrainingLog.open(out, resumed && { step: trainer.steps, epochs: resumed.epochs });
  async function* scored(epoch: number): AsyncGenerator<TrainingEvent, EpochLine | undefined> {
    if (!validation) return undefined;
    const { loss, recall, dropped } = await scoreHeldOut(trainer, validation, workers, { ...views, session: options.session });
    if (dropped.length > 0) yield { type: "dropped", pairs: dropped };
    const isBest = epoch > 0 && (at.best === null || loss < at.best.loss!);
    const line = { epoch, step: trainer.steps, validationLoss: loss, recall, isBest };
    await log.epoch(line);
    return line;
  }
  try {
    if (!resumed) {
      const line = yield* scored(0);
      if (line) yield { type: "epoch", epoch: 0, line, position: at };
    }
    let saved = performance.now();
    while (at.epochs < epochs && !at.isStopped) {
      const epoch = at.epochs + 1;
      const { seed, bucketBatches } = options;
      const order = { seed, epoch: at.epochs, crop: options.crop, bucketBatches };
      const place = { epoch: at.epochs, seed, ...(options.crop && { range: options.crop }) };
      let begun = performance.now();
      for await (const pairs of epochBatches(train, workers, { ...views, ...order, from: at.position })) {
        if (signal?.aborted) throw new CancelledError();
        if (pairs.dropped.length > 0) yield { type: "dropped", pairs: pairs.dropped };
        const { step, loss, lr, gradNorm, logitScale } = await trainer.step(supervision.of(pairs, place));
        at = { ...at, position: pairs.position };
        const now = performance.now();
        const pairsPerSecond = Number(((1000 * batch) / (now - begun)).toPrecision(4));
        begun = now;
        const line = { step, epoch, loss, lr, gradNorm, logitScale, pairsPerSecond };
        await log.step(line);
        if (step % (options.checkpointEvery ?? Number.POSITIVE_INFINITY) === 0 || now - saved > checkpointMs) {
          await trainer.save(last, at);
          saved = performance.now();
        }
        yield { type: "step", line };
      }
      if (trainer.steps === 0) throw new InputError(`the pictures that can be decoded fill no batch of ${batch}`);
      const line = yield* scored(epoch);
      if (line) trainer.endEpoch(line.validationLoss);
      const isBest = line?.isBest ?? true;
      const bad = isBest ? 0 : at.bad + 1;
      const best = isBest ? { epoch, loss: line?.validationLoss ?? null } : at.best;
      at = { epochs: epoch, position: 0, best, bad, isStopped: bad >= (options.earlyStop ?? Number.POSITIVE_INFINITY) };
      // The last checkpoint comes last: a run that is killed before it repeats the others.
      if (isBest) {
        await trainer.exportTo(modelFolder(out));
        await trainer.save(bestCheckpoint(out), at);
      }
      await trainer.save(last, at);
      saved = performance.now();
      yield { type: "epoch", epoch, line, position: at };
    }
  } finally {
    await log.close();
  }
}
