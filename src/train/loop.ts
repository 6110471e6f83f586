import { existsSync } from "node:fs";
import type { DroppedPair } from "../data/index.ts";
import { InputError, MedclipSamError, throwIfCancelled } from "../errors.ts";
import { copyAtomically } from "../files/atomic-write.ts";
import { streamThenDispose } from "../then-dispose.ts";
import { bestCheckpoint, lastCheckpoint, metricsFile, modelFolder } from "./folder.ts";
import { type EpochLine, type StepLine, TrainingLog } from "./log.ts";
import type { LoopSettings } from "./loop-settings.ts";
import { isBetter, metricOf, type Scores } from "./metrics.ts";
import type { StepSettings } from "./optimiser-settings.ts";
import { type LoopPosition, loadPosition, resume, type Saved } from "./resume.ts";
import type { Trainer, Update } from "./trainer.ts";

/** Length and outputs of a training; of the settings, only the folder is required. */
export interface LoopOptions extends Pick<LoopSettings, "out">, Partial<Pick<LoopSettings, "earlyStop" | "checkpointEvery" | "resume">> {
  readonly epochs: number;
  /** Fingerprint of settings, weights and data, so that a training never resumes from the checkpoint of another. */
  readonly fingerprint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type LoopEvent =
  /** The first event: where the training starts or resumes, and which validation metric selects the best epoch. */
  | { readonly type: "start"; readonly step: number; readonly position: LoopPosition; readonly chosenBy: string }
  /** A warning about the whole training. */
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "step"; readonly line: StepLine }
  /** `line` is undefined without a validation set. */
  | { readonly type: "epoch"; readonly epoch: number; readonly line: EpochLine | undefined; readonly position: LoopPosition }
  | { readonly type: "dropped"; readonly pairs: readonly DroppedPair[] };

/** The batch of a step, and its position in the data. */
export interface TrainingBatch<B> {
  readonly batch: B;
  /** Number of units (pairs, prompts) in it. */
  readonly size: number;
  /** Position of the next batch. */
  readonly position: number;
  /** Items skipped before it. */
  readonly dropped: readonly DroppedPair[];
}

/** Metrics of a step: these, and any others of its kind by the names of their curves. */
export type StepNumbers = Update & { readonly loss: number } & Readonly<Record<string, number>>;

/**
 * The part of the training loop that differs between kinds of training. The trainer holds the trained tensors, saves and restores them,
 * and exports the model.
 *
 * @typeParam B - a batch
 */
export interface Training<B> {
  readonly trainer: Trainer<StepSettings>;
  /** Unit of its throughput: "pair", "prompt". */
  readonly unit: string;
  /** The validation metric that selects the best epoch, see `metricOf`. */
  readonly chosenBy: string;
  /** The batches of an epoch, counted from 0, from a position on. */
  batches(epoch: number, from: number): AsyncIterable<TrainingBatch<B>>;
  /** Runs one step. */
  step(batch: B): Promise<StepNumbers>;
  /**
   * Scores the model on the validation set. Absent: there is none, and the last model counts as the best.
   *
   * @param after - finished epochs
   * @param before - scores of the epoch before, for moving averages; null at first
   */
  score?:
    | ((after: number, before: Scores | null) => Promise<{ readonly scores: Scores; readonly dropped: readonly DroppedPair[] }>)
    | undefined;
  /** Whether training begins with random weights, which are neither scored nor the best model until an epoch is better. Default false. */
  readonly isFromScratch?: boolean;
  /** Keeps a further checkpoint of the model after an epoch, counted from 1. If the run is killed meanwhile, the epoch's end is repeated. */
  keep?: ((epoch: number) => Promise<void>) | undefined;
  /** Error message if no step could be run. */
  readonly emptiness: string;
}

/** Time between checkpoints: the work that a crash or power failure can lose. */
const checkpointMs = 10 * 60_000;

const beginning: LoopPosition = { epochs: 0, position: 0, best: null, bad: 0, isStopped: false };

/**
 * Runs a training and writes into its folder: `metrics.jsonl`, `tensorboard/`, `checkpoints/last.safetensors` and `best.safetensors`, and
 * the best model so far as `model/`. The model before training counts, too, unless its weights are random: `model/` is never worse by the
 * validation score. Without a validation set, `model/` is the last model.
 *
 * If the folder has a last checkpoint, the training resumes from there, and ends with the same bytes as an uninterrupted one. A model that
 * an earlier run exported is exported again, as it may be gone or damaged.
 *
 * @throws WeightsError, ConfigError when that is damaged or of another training
 * @throws InputError when no batch can be filled, or a loss or a weight is not finite
 * @throws CancelledError between two steps when the signal fires
 */
export async function* trainingLoop<B>(training: Training<B>, options: LoopOptions): AsyncGenerator<LoopEvent> {
  const { trainer, chosenBy, unit } = training;
  const { out, epochs, signal } = options;
  const resumed = await resume(trainer, out, options.resume ?? "last", options.fingerprint);
  let at = resumed ?? beginning;
  yield { type: "start", step: trainer.steps, position: at, chosenBy };
  const log = await TrainingLog.open(out, resumed && { step: trainer.steps, epochs: resumed.epochs });
  if (log.lost > 0) {
    const message = `"${metricsFile(out)}" lacks ${log.lost} of the ${trainer.steps} steps so far; curves and report do not show them`;
    yield { type: "warning", message };
  }
  const save = (file: string) => trainer.save(file, { position: at, fingerprint: options.fingerprint } satisfies Saved);

  let isExported = false;
  async function exportModel(): Promise<void> {
    await trainer.exportTo(modelFolder(out));
    isExported = true;
  }

  /** Exports the model of the best epoch again. */
  async function* exportBest(epoch: number): AsyncGenerator<LoopEvent> {
    if (epoch === at.epochs) return await exportModel();
    const folder = modelFolder(out);
    const problem = await loadPosition(trainer, bestCheckpoint(out), options.fingerprint).then(
      () => undefined,
      (cause: unknown) => (cause instanceof MedclipSamError ? cause : Promise.reject(cause)),
    );
    if (!problem) await exportModel();
    else if (!existsSync(folder)) {
      const { code, message } = problem;
      throw new MedclipSamError(code, `${message} "${folder}" is gone, too: --overwrite starts over.`, { cause: problem });
    } else {
      const message = `"${folder}" was not exported again; \`medclip-sam models verify\` checks it. ${problem.message}`;
      yield { type: "warning", message };
    }
    await loadPosition(trainer, lastCheckpoint(out), options.fingerprint);
  }

  /** Scores the model after an epoch, or before the first one, keeps it where it is the best so far, and saves where the training stands. */
  async function* finish(epoch: number): AsyncGenerator<LoopEvent> {
    const line = training.score && (yield* scored(training.score, epoch));
    await training.keep?.(epoch);
    if (line && epoch > 0) trainer.endEpoch(line.metrics.loss);
    const isBest = line?.isBest ?? true;
    const best = isBest ? { epoch, scores: line?.metrics ?? null } : at.best;
    const bad = isBest ? 0 : at.bad + 1;
    const isStopped = bad >= (options.earlyStop ?? Number.POSITIVE_INFINITY);
    at = { epochs: epoch, position: 0, best, scores: line?.metrics ?? null, bad, isStopped };
    // The last checkpoint is written last: a run killed before repeats the others.
    if (isBest) {
      await save(bestCheckpoint(out));
      await exportModel();
      await copyAtomically(bestCheckpoint(out), lastCheckpoint(out)); // the same bytes
    } else await save(lastCheckpoint(out));
    yield { type: "epoch", epoch, line, position: at };
  }
  async function* scored(score: NonNullable<Training<B>["score"]>, epoch: number): AsyncGenerator<LoopEvent, EpochLine> {
    const { scores, dropped } = await score(epoch, at.scores ?? null);
    if (dropped.length > 0) yield { type: "dropped", pairs: dropped };
    for (const [name, value] of Object.entries(scores)) if (!Number.isFinite(value)) throw notFinite(name, value, epoch);
    const before = at.best?.scores;
    const isBest = !before || isBetter(chosenBy, scores[chosenBy]!, before[chosenBy]!);
    const line = { epoch, step: trainer.steps, metrics: scores, isBest };
    await log.epoch(line);
    return line;
  }
  yield* streamThenDispose(async function* (): AsyncGenerator<LoopEvent> {
    // From now on training resumes from the last checkpoint again.
    if (resumed && options.resume === "best") await save(lastCheckpoint(out));
    if (!resumed && training.score && !training.isFromScratch) yield* finish(0);
    let saved = performance.now();
    while (at.epochs < epochs && !at.isStopped) {
      const epoch = at.epochs + 1;
      let begun = performance.now();
      for await (const { item, ms } of withWait(training.batches(at.epochs, at.position))) {
        const { batch, size, position, dropped } = item;
        throwIfCancelled(signal);
        if (dropped.length > 0) yield { type: "dropped", pairs: dropped };
        const { step, loss, lr, gradNorm, ...metrics } = await training.step(batch);
        at = { ...at, position };
        const now = performance.now();
        const rate = {
          value: Number(((1000 * size) / (now - begun)).toPrecision(4)),
          unit,
          waited: Number((ms / (now - begun)).toFixed(3)),
        };
        begun = now;
        const line: StepLine = { step, epoch, loss, lr, gradNorm, metrics, rate };
        await log.step(line);
        if (step % (options.checkpointEvery ?? Number.POSITIVE_INFINITY) === 0 || now - saved > checkpointMs) {
          await save(lastCheckpoint(out));
          saved = performance.now();
        }
        yield { type: "step", line };
      }
      if (trainer.steps === 0) throw new InputError(training.emptiness);
      yield* finish(epoch);
      saved = performance.now();
    }
    if (at.best && !isExported) yield* exportBest(at.best.epoch);
  }, log);
}

/** The items of a stream, each with the time that was spent waiting for it. */
async function* withWait<T>(items: AsyncIterable<T>): AsyncGenerator<{ readonly item: T; readonly ms: number }> {
  let asked = performance.now();
  for await (const item of items) {
    yield { item, ms: performance.now() - asked };
    asked = performance.now();
  }
}

function notFinite(name: string, value: number, epoch: number): InputError {
  const [when, cure] =
    epoch === 0 ? ["before training", "Is the model damaged?"] : [`after epoch ${epoch}`, "A lower learning rate may help."];
  return new InputError(`${when} the ${metricOf(name).title} is ${value}, expected a finite number. ${cure}`);
}
