import type { RunEvent } from "../run/events.ts";
import { type CourseEvent, type EpochRecord, modelFolder, type StepRecord, type TrainingPosition } from "../train/index.ts";
import type { TrainingRecord } from "./training-record.ts";

/** A training as its command tells of it. */
export interface TrainingRun<E extends EpochRecord> {
  readonly command: string;
  readonly out: string;
  /** Steps in all, and epochs. */
  readonly total: number;
  readonly epochs: number;
  /** `performance.now()` when the command began. */
  readonly begun: number;
  readonly trainer: { readonly steps: number };
  readonly record: TrainingRecord;
  /** What held-out data say after an epoch. */
  readonly describe: (line: E) => string;
  /** The score of the best epoch, such as "DSC 0.81"; undefined where nothing was held out. */
  readonly scoreOf: (best: NonNullable<TrainingPosition["best"]>) => string | undefined;
  /** What the score of a better epoch is: "lower" or "higher". */
  readonly better: string;
  /** Sentences that came up since they were last asked for. */
  readonly warnings?: (() => readonly string[]) | undefined;
}

/** Runs a training and tells of it from its start to its end; failures and epochs go into its record, which is closed in the end. */
export async function* runTraining<S extends StepRecord, E extends EpochRecord>(
  events: AsyncIterable<CourseEvent<S, E>>,
  run: TrainingRun<E>,
): AsyncGenerator<RunEvent> {
  try {
    yield* told(events, run);
  } finally {
    await run.record.close();
  }
}

async function* told<S extends StepRecord, E extends EpochRecord>(
  events: AsyncIterable<CourseEvent<S, E>>,
  { command, out, total, epochs, begun, trainer, record, describe, scoreOf, better, warnings }: TrainingRun<E>,
): AsyncGenerator<RunEvent> {
  let [done, skipped] = [0, 0];
  let position: TrainingPosition | undefined;
  for await (const event of events) {
    for (const message of warnings?.() ?? []) yield { type: "warning", message };
    switch (event.type) {
      case "start":
        skipped = event.step;
        yield { type: "start", command, total, done: event.step, out, unit: "step" };
        for (const [name, message] of record.failed) yield { type: "failure", name, message, code: "input" };
        break;
      case "warning":
        yield event;
        break;
      case "dropped":
        for (const failure of await record.fail(event.pairs)) yield { type: "failure", ...failure, code: "input" };
        break;
      case "step":
        done++;
        yield { type: "step", ...event.line };
        break;
      case "epoch": {
        await record.reach(trainer.steps, event.position);
        const name = event.epoch === 0 ? "before training" : `epoch ${event.epoch} of ${epochs}`;
        const summary = event.line ? `${name}: ${describe(event.line)}` : name;
        yield { type: "epoch", epoch: event.epoch, step: trainer.steps, summary };
        break;
      }
    }
    if ("position" in event) position = event.position;
  }
  await record.finish();
  const ms = Math.round(performance.now() - begun);
  const lines = position?.best ? [outcomeOf(position, position.best)] : [];
  yield { type: "end", done, skipped, failed: record.failed.size, ms, lines };

  /** Which model the training leaves, and why. */
  function outcomeOf({ isStopped, bad }: TrainingPosition, best: NonNullable<TrainingPosition["best"]>): string {
    const [score, folder] = [scoreOf(best), modelFolder(out)];
    const end = isStopped ? `; stopped after ${bad} ${bad === 1 ? "epoch" : "epochs"} without a ${better} one` : "";
    if (score === undefined) return `nothing was held out to choose by: the model in ${folder} is that of the last epoch, ${best.epoch}`;
    if (best.epoch === 0) return `no epoch is better than the model before training (${score})${end}; ${folder} holds that model`;
    return `best epoch ${best.epoch}, ${score}${end}; the model is in ${folder}`;
  }
}
