import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic } from "../atomic-write.ts";
import { InputError } from "../errors.ts";
import { EventFile } from "../formats/tensorboard.ts";
import type { Recalls } from "./held-out.ts";

/** A step, as `metrics.jsonl` holds it. All but the last field are the same in every run of the same settings. */
export interface StepLine {
  /** Counted from 1, over all epochs. */
  readonly step: number;
  /** Counted from 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly lr: number;
  /** Norm of the whole gradient before it was clipped. */
  readonly gradNorm: number;
  readonly logitScale: number;
  /** A time: differs from run to run. */
  readonly pairsPerSecond: number;
}

/** What held-out pairs say after an epoch; epoch 0 is before training. */
export interface EpochLine {
  readonly epoch: number;
  /** Steps made. */
  readonly step: number;
  readonly validationLoss: number;
  readonly recall: { readonly imageToText: Recalls; readonly textToImage: Recalls };
  /** Whether the validation loss is the lowest of all epochs so far. */
  readonly isBest: boolean;
}

export type MetricsLine = StepLine | EpochLine;

const isEpoch = (line: MetricsLine): line is EpochLine => "validationLoss" in line;

/** The lines of a training folder's `metrics.jsonl`; the last one may be cut short by a killed run and is left out then. */
export async function readMetrics(folder: string): Promise<{ steps: StepLine[]; epochs: EpochLine[] }> {
  const file = join(folder, metricsName);
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return "";
    throw new InputError(`"${file}" cannot be read: ${cause.message}`, { cause });
  });
  const rows = text.split("\n").slice(0, -1); // what follows the last line break is no whole line
  const lines = rows.map((row, i) => {
    try {
      return JSON.parse(row) as MetricsLine;
    } catch (cause) {
      throw new InputError(`"${file}": line ${i + 1} is not JSON`, { cause });
    }
  });
  return {
    steps: lines.filter((line): line is StepLine => !isEpoch(line)),
    epochs: lines.filter(isEpoch),
  };
}

const metricsName = "metrics.jsonl";

/** Where numbers of a training go: `metrics.jsonl`, and TensorBoard event files in `tensorboard/`. */
export class TrainingLog {
  private readonly metrics: FileHandle;
  private readonly events: EventFile;

  private constructor(metrics: FileHandle, events: EventFile) {
    this.metrics = metrics;
    this.events = events;
  }

  /**
   * @param at - where the training goes on; lines behind it, of a run that was killed, are cut off. Undefined: at the start
   * @throws InputError when the folder cannot be written to
   */
  static async open(folder: string, at: { readonly step: number; readonly epochs: number } | undefined): Promise<TrainingLog> {
    const file = join(folder, metricsName);
    const before = at ? await readMetrics(folder) : { steps: [], epochs: [] };
    const kept: MetricsLine[] = [
      ...before.steps.filter(({ step }) => step <= at!.step),
      ...before.epochs.filter(({ epoch }) => epoch <= at!.epochs),
    ];
    // In the order of the training: an epoch's line follows that of its last step.
    kept.sort((a, b) => a.step - b.step || Number(isEpoch(a)) - Number(isEpoch(b)));
    await writeAtomic(file, kept.map(lineOf).join(""));
    const metrics = await open(file, "a");
    return new TrainingLog(metrics, await EventFile.create(join(folder, "tensorboard"), (at?.step ?? -1) + 1));
  }

  async step(line: StepLine): Promise<void> {
    await this.metrics.appendFile(lineOf(line));
    const { step, loss, lr, gradNorm, logitScale, pairsPerSecond } = line;
    await this.events.add(step, {
      "train/loss": loss,
      "train/lr": lr,
      "train/grad_norm": gradNorm,
      "train/logit_scale": logitScale,
      "train/pairs_per_second": pairsPerSecond,
    });
  }

  async epoch(line: EpochLine): Promise<void> {
    await this.metrics.appendFile(lineOf(line));
    const scalars: Record<string, number> = { "validation/loss": line.validationLoss };
    for (const k of [1, 5, 10] as const) {
      scalars[`validation/image_to_text_recall_at_${k}`] = line.recall.imageToText[k];
      scalars[`validation/text_to_image_recall_at_${k}`] = line.recall.textToImage[k];
    }
    await this.events.add(line.step, scalars);
  }

  async close(): Promise<void> {
    await Promise.all([this.metrics.close(), this.events.close()]);
  }
}

const lineOf = (line: MetricsLine): string => `${JSON.stringify(line)}\n`;
