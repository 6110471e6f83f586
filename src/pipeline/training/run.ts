import type { DroppedPair } from "../../data/index.ts";
import type { RunEvent } from "../../run/events.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { type EpochLine, type LoopEvent, type LoopPosition, metricOf, modelFolder, shownMetric } from "../../train/index.ts";
import { type TrainingContent, TrainingRecord } from "./record.ts";

/** What a command passes to `runTraining`. */
export interface TrainingRun {
  /** Its header names the command. */
  readonly content: TrainingContent;
  readonly out: string;
  /** Remove the results of another training in the folder. */
  readonly overwrite: boolean;
  /** Pairs or targets that are known to be unusable. */
  readonly dropped: readonly DroppedPair[];
  /** Total number of steps, and epochs. */
  readonly total: number;
  readonly epochs: number;
  /** `performance.now()` when the command started. */
  readonly begun: number;
  readonly trainer: { readonly steps: number };
  /** Warnings since the last call. */
  readonly warnings?: (() => readonly string[]) | undefined;
}

/**
 * Runs a training and yields its events; failures and epochs go into its record, which is closed at the end.
 *
 * @param start - starts the training loop; the fingerprint is that of the record
 * @throws ConfigError as `TrainingRecord.open`
 */
export async function* runTraining(start: (fingerprint: string) => AsyncIterable<LoopEvent>, run: TrainingRun): AsyncGenerator<RunEvent> {
  const record = await TrainingRecord.open(run.out, run.content, run);
  yield* streamThenDispose(async function* (): AsyncGenerator<RunEvent> {
    await record.fail(run.dropped);
    for (const message of record.warnings) yield { type: "warning", message };
    yield* told(start(record.fingerprint), record, run);
  }, record);
}

async function* told(
  events: AsyncIterable<LoopEvent>,
  record: TrainingRecord,
  { content: { command }, out, total, epochs, begun, trainer, warnings }: TrainingRun,
): AsyncGenerator<RunEvent> {
  let [done, skipped, chosenBy] = [0, 0, "loss"];
  let position: LoopPosition | undefined;
  for await (const event of events) {
    for (const message of warnings?.() ?? []) yield { type: "warning", message };
    if ("position" in event) position = event.position;
    switch (event.type) {
      case "start":
        ({ step: skipped, chosenBy } = event);
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
        const { epoch, line } = event;
        await record.reach(trainer.steps, event.position, chosenBy);
        const name = epoch === 0 ? "before training" : `epoch ${epoch} of ${epochs}`;
        const scores = line && { metrics: line.metrics };
        yield { type: "epoch", epoch, step: trainer.steps, ...scores, summary: line ? `${name}: ${summaryOf(line, chosenBy)}` : name };
        break;
      }
    }
  }
  await record.finish();
  const ms = Math.round(performance.now() - begun);
  const lines = position ? [outcomeOf(position, chosenBy, modelFolder(out))] : [];
  yield { type: "end", done, skipped, failed: record.failed.size, ms, lines };
}

/** The validation scores of an epoch, starting with the metric that selects the best one. */
function summaryOf({ epoch, metrics, isBest }: EpochLine, chosenBy: string): string {
  const words = (name: string) => `${metricOf(name).title} ${shownMetric(name, metrics[name]!)}`;
  const others = Object.keys(metrics).filter((name) => name !== chosenBy);
  const mark = isBest && epoch > 0 ? `, the ${metricOf(chosenBy).better === "lower" ? "lowest" : "highest"} so far` : "";
  return `${words(chosenBy)}${mark}${others.length > 0 ? `; ${others.map(words).join(", ")}` : ""}`;
}

/** Which model the training has exported, and why. */
function outcomeOf({ best, isStopped, bad }: LoopPosition, chosenBy: string, folder: string): string {
  if (!best) return "no epoch was finished";
  if (!best.scores) return `without a validation set, the model in ${folder} is that of the last epoch (${best.epoch})`;
  const { title, better } = metricOf(chosenBy);
  const score = `${title} ${shownMetric(chosenBy, best.scores[chosenBy]!)}`;
  const end = isStopped ? `; stopped after ${bad} ${bad === 1 ? "epoch" : "epochs"} without a ${better} value` : "";
  if (best.epoch === 0) return `no epoch improved on the model before training (${score})${end}; ${folder} holds that model`;
  return `best epoch ${best.epoch}, ${score}${end}; the model is in ${folder}`;
}
