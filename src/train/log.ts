import { join } from "node:path";
import { InputError } from "../errors.ts";
import { AppendFile } from "../files/append-file.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { readTextIfPresent } from "../files/read-text.ts";
import { once } from "../once.ts";
import type { StepLine } from "../run/events.ts";
import { metricsFile } from "./folder.ts";
import type { Scores } from "./metrics.ts";
import { EventFile } from "./tensorboard.ts";

export type { StepLine } from "../run/events.ts";

/** Validation scores after an epoch; epoch 0 is before training. */
export interface EpochLine {
  readonly epoch: number;
  /** Finished steps. */
  readonly step: number;
  /** See `metricOf`. */
  readonly metrics: Scores;
  /** Whether the epoch is the best of all so far. */
  readonly isBest: boolean;
}

type Line = StepLine | EpochLine;

const isEpoch = (line: Line): line is EpochLine => "isBest" in line;

/** The lines of a training folder's `metrics.jsonl`; the last one may be cut short by a killed run and is left out then. */
export async function readMetrics(folder: string): Promise<{ steps: StepLine[]; epochs: EpochLine[] }> {
  const file = metricsFile(folder);
  const text = (await readTextIfPresent(file)) ?? "";
  const rows = text.split("\n").slice(0, -1); // what follows the last line break is no whole line
  const lines = rows.map((row, i) => {
    try {
      const line = JSON.parse(row) as Line;
      if (typeof line.step === "number" && typeof line.metrics === "object") return line;
    } catch {}
    throw new InputError(`"${file}": line ${i + 1} is not a valid training log line. Delete it: the training resumes without it.`);
  });
  return { steps: lines.filter((line): line is StepLine => !isEpoch(line)), epochs: lines.filter(isEpoch) };
}

/** The logs of a training: `metrics.jsonl`, and TensorBoard event files in `tensorboard/`. */
export class TrainingLog {
  private readonly metrics: AppendFile;
  /** Made with the first numbers: a training that has ended already adds no file. */
  private readonly events: () => Promise<EventFile>;
  private made: EventFile | undefined;
  /** Number of earlier steps whose lines are missing. */
  readonly lost: number;

  private constructor(metrics: AppendFile, folder: string, firstStep: number, lost: number) {
    this.lost = lost;
    this.metrics = metrics;
    this.events = once(async () => {
      this.made = await EventFile.create(join(folder, "tensorboard"), firstStep);
      return this.made;
    });
  }

  /**
   * @param at - where the training goes on; lines behind it, of a run that was killed, are cut off. Undefined: at the start
   * @throws OutputError when the folder cannot be written to
   */
  static async open(folder: string, at: { readonly step: number; readonly epochs: number } | undefined): Promise<TrainingLog> {
    const file = metricsFile(folder);
    const before = at ? await readMetrics(folder) : { steps: [], epochs: [] };
    const steps = before.steps.filter(({ step }) => step <= at!.step);
    const kept: Line[] = [...steps, ...before.epochs.filter(({ epoch }) => epoch <= at!.epochs)];
    // In the order of the training: an epoch's line follows that of its last step.
    kept.sort((a, b) => a.step - b.step || Number(isEpoch(a)) - Number(isEpoch(b)));
    await writeAtomic(file, kept.map(lineOf).join(""));
    const metrics = await AppendFile.open(file);
    return new TrainingLog(metrics, folder, (at?.step ?? -1) + 1, (at?.step ?? 0) - steps.length);
  }

  async step(line: StepLine): Promise<void> {
    await this.metrics.append(lineOf(line));
    const { step, loss, lr, gradNorm, metrics, rate } = line;
    const waited = rate.waited !== undefined && { waited_for_batch: rate.waited };
    const scalars = { loss, lr, grad_norm: gradNorm, ...metrics, [`${rate.unit}s_per_second`]: rate.value, ...waited };
    await (await this.events()).add(step, tagged("train", scalars));
  }

  async epoch(line: EpochLine): Promise<void> {
    await this.metrics.append(lineOf(line));
    await (await this.events()).add(line.step, tagged("validation", line.metrics));
  }

  async close(): Promise<void> {
    await Promise.all([this.metrics.close(), this.made?.close()]);
  }
}

const lineOf = (line: Line): string => `${JSON.stringify(line)}\n`;

const tagged = (part: string, scalars: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(scalars).map(([name, value]) => [`${part}/${name}`, value]));
