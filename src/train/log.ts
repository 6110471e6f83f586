import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppendFile } from "../append-file.ts";
import { writeAtomic } from "../atomic-write.ts";
import { InputError } from "../errors.ts";
import { EventFile } from "../formats/tensorboard.ts";
import type { Recalls } from "./contrastive/held-out.ts";
import { metricsFile } from "./folder.ts";

/** A step, as `metrics.jsonl` holds it. All but what is a time are the same in every run of the same settings. */
export interface StepRecord {
  /** Counted from 1, over all epochs. */
  readonly step: number;
  /** Counted from 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly lr: number;
  /** Norm of the whole gradient before it was clipped. */
  readonly gradNorm: number;
}

/** What held-out data say after an epoch; epoch 0 is before training. */
export interface EpochRecord {
  readonly epoch: number;
  /** Steps made. */
  readonly step: number;
  readonly validationLoss: number;
  /** Whether the epoch is the best of all so far. */
  readonly isBest: boolean;
}

/** A step of a contrastive training. */
export interface StepLine extends StepRecord {
  readonly logitScale: number;
  /** A time: differs from run to run. */
  readonly pairsPerSecond: number;
}

/** What held-out pairs say. The best epoch is that of the lowest loss. */
export interface EpochLine extends EpochRecord {
  readonly recall: { readonly imageToText: Recalls; readonly textToImage: Recalls };
}

/** A step of a promptable training. */
export interface PromptStepLine extends StepRecord {
  /** A time: differs from run to run. */
  readonly promptsPerSecond: number;
}

/** What held-out targets say. The best epoch is that of the highest mean DSC. */
export interface PromptEpochLine extends EpochRecord {
  /** Mean over the groups of the mean DSC of their targets, at the size of the logits. */
  readonly dsc: number;
  /** By group. */
  readonly dscOf: Readonly<Record<string, number>>;
}

export type MetricsLine = StepRecord | EpochRecord;

const isEpoch = (line: MetricsLine): line is EpochRecord => "validationLoss" in line;

/** The lines of a training folder's `metrics.jsonl`; the last one may be cut short by a killed run and is left out then. */
export async function readMetrics<S extends StepRecord = StepLine, E extends EpochRecord = EpochLine>(
  folder: string,
): Promise<{ steps: S[]; epochs: E[] }> {
  const file = metricsFile(folder);
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return "";
    throw new InputError(`"${file}" cannot be read: ${cause.message}`, { cause });
  });
  const rows = text.split("\n").slice(0, -1); // what follows the last line break is no whole line
  const lines = rows.map((row, i) => {
    try {
      return JSON.parse(row) as MetricsLine;
    } catch (cause) {
      throw new InputError(`"${file}": line ${i + 1} is not JSON. Delete the line: the training goes on without it.`, { cause });
    }
  });
  return {
    steps: lines.filter((line): line is S => !isEpoch(line)),
    epochs: lines.filter((line): line is E => isEpoch(line)),
  };
}

/** What of a line becomes a curve in TensorBoard, by its name there. */
export interface Scalars<S, E> {
  readonly step: (line: S) => Readonly<Record<string, number>>;
  readonly epoch: (line: E) => Readonly<Record<string, number>>;
}

/** Where numbers of a training go: `metrics.jsonl`, and TensorBoard event files in `tensorboard/`. */
export class TrainingLog<S extends StepRecord, E extends EpochRecord> {
  private readonly metrics: AppendFile;
  private readonly events: EventFile;
  private readonly scalars: Scalars<S, E>;
  /** Steps that were made before and whose lines are not there. */
  readonly lost: number;

  private constructor(metrics: AppendFile, events: EventFile, scalars: Scalars<S, E>, lost: number) {
    this.lost = lost;
    this.metrics = metrics;
    this.events = events;
    this.scalars = scalars;
  }

  /**
   * @param at - where the training goes on; lines behind it, of a run that was killed, are cut off. Undefined: at the start
   * @throws OutputError when the folder cannot be written to
   */
  static async open<S extends StepRecord, E extends EpochRecord>(
    folder: string,
    at: { readonly step: number; readonly epochs: number } | undefined,
    scalars: Scalars<S, E>,
  ): Promise<TrainingLog<S, E>> {
    const file = metricsFile(folder);
    const before = at ? await readMetrics<S, E>(folder) : { steps: [], epochs: [] };
    const steps = before.steps.filter(({ step }) => step <= at!.step);
    const kept: MetricsLine[] = [...steps, ...before.epochs.filter(({ epoch }) => epoch <= at!.epochs)];
    // In the order of the training: an epoch's line follows that of its last step.
    kept.sort((a, b) => a.step - b.step || Number(isEpoch(a)) - Number(isEpoch(b)));
    await writeAtomic(file, kept.map(lineOf).join(""));
    const metrics = await AppendFile.open(file);
    const events = await EventFile.create(join(folder, "tensorboard"), (at?.step ?? -1) + 1);
    return new TrainingLog(metrics, events, scalars, (at?.step ?? 0) - steps.length);
  }

  async step(line: S): Promise<void> {
    await this.metrics.append(lineOf(line));
    const { step, loss, lr, gradNorm } = line;
    await this.events.add(step, { "train/loss": loss, "train/lr": lr, "train/grad_norm": gradNorm, ...this.scalars.step(line) });
  }

  async epoch(line: E): Promise<void> {
    await this.metrics.append(lineOf(line));
    await this.events.add(line.step, { "validation/loss": line.validationLoss, ...this.scalars.epoch(line) });
  }

  async close(): Promise<void> {
    await Promise.all([this.metrics.close(), this.events.close()]);
  }
}

const lineOf = (line: MetricsLine): string => `${JSON.stringify(line)}\n`;
