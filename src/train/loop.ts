import type { DroppedPair } from "../data/index.ts";
import { CancelledError, InputError } from "../errors.ts";
import { bestCheckpoint, lastCheckpoint, metricsFile, modelFolder } from "./folder.ts";
import { type EpochRecord, type Scalars, type StepRecord, TrainingLog } from "./log.ts";
import type { LoopSettings } from "./loop-settings.ts";
import type { OptimiserSettings } from "./optimiser-settings.ts";
import { resume, type Saved, type TrainingPosition } from "./resume.ts";
import type { Trainer } from "./trainer.ts";

/** How long a training goes on, and what it writes. */
export interface CourseOptions {
  /** Folder for checkpoints, metrics and the model. */
  readonly out: string;
  readonly epochs: number;
  /** Epochs that are no better than the best after which the training ends; default: never. */
  readonly earlyStop?: number | undefined;
  /** Steps between two checkpoints, beside those of each epoch's end and of every ten minutes; default: no others. */
  readonly checkpointEvery?: number | undefined;
  /** The checkpoint from which it goes on where there is one; default: the last. */
  readonly resume?: LoopSettings["resume"] | undefined;
  /** Tells trainings apart, so that none goes on from a checkpoint of another: settings, weights and data in a few characters. */
  readonly fingerprint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @typeParam S - lines of steps, @typeParam E - lines of epochs */
export type CourseEvent<S, E> =
  /** First of all: where the training begins or goes on. */
  | { readonly type: "start"; readonly step: number; readonly position: TrainingPosition }
  /** Something about the whole training that the user should know. */
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "step"; readonly line: S }
  /** `line` is undefined where nothing is held out. */
  | { readonly type: "epoch"; readonly epoch: number; readonly line: E | undefined; readonly position: TrainingPosition }
  | { readonly type: "dropped"; readonly pairs: readonly DroppedPair[] };

/** A batch that is ready for its step. */
export interface CourseStep<S> {
  /** Where the batch after it is looked for. */
  readonly position: number;
  /** What could not be used on the way to it. */
  readonly dropped: readonly DroppedPair[];
  /** Makes the step. @returns what is noted of it beside its epoch; `seconds` is asked for afterwards: how long it took since the last one */
  readonly run: () => Promise<(seconds: number) => Omit<S, "epoch">>;
}

/** A training: what it is made of; how it goes on is the same for all. */
export interface Course<S extends StepRecord, E extends EpochRecord> {
  readonly trainer: Trainer<OptimiserSettings>;
  /** The batches of an epoch, counted from 0, from a position on. */
  readonly steps: (epoch: number, from: number) => AsyncIterable<CourseStep<S>>;
  /** What held-out data say; undefined: nothing is held out, and the last model counts as the best. */
  readonly score:
    | (() => Promise<{ readonly scores: Omit<E, "epoch" | "step" | "isBest">; readonly dropped: readonly DroppedPair[] }>)
    | undefined;
  /** Whether scores are better than the best so far. */
  readonly isBetter: (scores: Omit<E, "epoch" | "step" | "isBest">, best: NonNullable<TrainingPosition["best"]>) => boolean;
  /** What of a line the best one is remembered by. */
  readonly bestOf: (line: E) => Omit<NonNullable<TrainingPosition["best"]>, "epoch">;
  readonly scalars: Scalars<S, E>;
  /** For a message: what there was too little of when no step could be made. */
  readonly emptiness: string;
}

/** A crash or a power failure costs at most about so much work. */
const checkpointMs = 10 * 60_000;

const beginning: TrainingPosition = { epochs: 0, position: 0, best: null, bad: 0, isStopped: false };

/**
 * Runs a training and writes into its folder: `metrics.jsonl`, `tensorboard/`, `checkpoints/last.safetensors` and `best.safetensors`, and
 * the best model so far as `model/`. The model before training takes part: `model/` is never worse than it by the held-out score. Where nothing
 * is held out `model/` is the last model.
 *
 * Where the folder has a last checkpoint the training goes on from there, and ends with the same bytes as one that never stopped.
 *
 * @throws WeightsError, ConfigError when that is damaged or of another training
 * @throws InputError when no batch can be filled, or a loss or a weight is not finite
 * @throws CancelledError between two steps when the signal fires
 */
export async function* runCourse<S extends StepRecord, E extends EpochRecord>(
  course: Course<S, E>,
  options: CourseOptions,
): AsyncGenerator<CourseEvent<S, E>> {
  const { trainer } = course;
  const { out, epochs, signal } = options;
  const resumed = await resume(trainer, out, options.resume ?? "last", options.fingerprint);
  let at = resumed ?? beginning;
  yield { type: "start", step: trainer.steps, position: at };
  const log = await TrainingLog.open(out, resumed && { step: trainer.steps, epochs: resumed.epochs }, course.scalars);
  if (log.lost > 0) {
    const message = `"${metricsFile(out)}" lacks ${log.lost} of the ${trainer.steps} steps that were made; curves and report are without them`;
    yield { type: "warning", message };
  }
  const save = (file: string) => trainer.save(file, { position: at, fingerprint: options.fingerprint } satisfies Saved);
  /** Scores the model after an epoch, or before the first one, keeps it where it is the best so far, and saves where the training stands. */
  async function* finish(epoch: number): AsyncGenerator<CourseEvent<S, E>> {
    const line = course.score && (yield* scored(course.score, epoch));
    if (line && epoch > 0) trainer.endEpoch(line.validationLoss);
    const isBest = line?.isBest ?? true;
    const best = isBest ? { epoch, ...(line ? course.bestOf(line) : { loss: null }) } : at.best;
    const bad = isBest ? 0 : at.bad + 1;
    at = { epochs: epoch, position: 0, best, bad, isStopped: bad >= (options.earlyStop ?? Number.POSITIVE_INFINITY) };
    // The last checkpoint comes last: a run that is killed before it repeats the others.
    if (isBest) {
      await save(bestCheckpoint(out));
      await trainer.exportTo(modelFolder(out));
    }
    await save(lastCheckpoint(out));
    yield { type: "epoch", epoch, line, position: at };
  }
  async function* scored(score: NonNullable<Course<S, E>["score"]>, epoch: number): AsyncGenerator<CourseEvent<S, E>, E> {
    const { scores, dropped } = await score();
    if (dropped.length > 0) yield { type: "dropped", pairs: dropped };
    if (!Number.isFinite(scores.validationLoss)) {
      const when = epoch === 0 ? "before training" : `after epoch ${epoch}`;
      throw new InputError(
        `${when} the validation loss is ${scores.validationLoss}, expected a finite number. ${epoch === 0 ? "Is the model damaged?" : "A lower learning rate may help."}`,
      );
    }
    const isBest = at.best === null || course.isBetter(scores, at.best);
    const line = { epoch, step: trainer.steps, ...scores, isBest } as unknown as E;
    await log.epoch(line);
    return line;
  }
  try {
    if (!resumed && course.score) yield* finish(0);
    let saved = performance.now();
    while (at.epochs < epochs && !at.isStopped) {
      const epoch = at.epochs + 1;
      let begun = performance.now();
      for await (const { position, dropped, run } of course.steps(at.epochs, at.position)) {
        if (signal?.aborted) throw new CancelledError();
        if (dropped.length > 0) yield { type: "dropped", pairs: dropped };
        const described = await run();
        at = { ...at, position };
        const now = performance.now();
        const { step, ...numbers } = described((now - begun) / 1000);
        begun = now;
        const line = { step, epoch, ...numbers } as unknown as S;
        await log.step(line);
        if (line.step % (options.checkpointEvery ?? Number.POSITIVE_INFINITY) === 0 || now - saved > checkpointMs) {
          await save(lastCheckpoint(out));
          saved = performance.now();
        }
        yield { type: "step", line };
      }
      if (trainer.steps === 0) throw new InputError(course.emptiness);
      yield* finish(epoch);
      saved = performance.now();
    }
  } finally {
    await log.close();
  }
}
