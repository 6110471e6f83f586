import { join, resolve, sep } from "node:path";
import { z } from "zod";
import { type DroppedPair, droppedMessage } from "../../data/index.ts";
import { ConfigError } from "../../errors.ts";
import { remove } from "../../files/atomic-write.ts";
import { type Found, notice, type RecordKind, RunFolder, readRecord, recordText } from "../../run/record/folder.ts";
import { type RunHeader, versions } from "../../run/record/record.ts";
import { differenceOf, fingerprintOf, otherCommand, otherResults } from "../../run/record/resume.ts";
import { headerShape, list } from "../../run/record/schema.ts";
import type { LoopPosition } from "../../train/index.ts";

/** Sizes of the training and validation sets, and numbers of unused items, by reason or group where they have several. */
export interface Counts {
  readonly [name: string]: number | Counts;
}

/** State of a training as shown in its record. */
export interface TrainingResult extends Pick<LoopPosition, "epochs" | "best" | "isStopped"> {
  readonly steps: number;
  /** The validation metric that selects the best epoch. */
  readonly chosenBy: string;
  /** Whether the model in `model/` has a better validation score than the model before training, which is kept otherwise; null without a validation set. */
  readonly isImproved: boolean | null;
}

/** `run.json` of a training. */
export interface TrainingFile extends RunHeader {
  readonly notice: string;
  readonly counts: Counts;
  readonly stepsPerEpoch: number;
  /** Trainable parameters. */
  readonly trainedSize: number;
  readonly failed: readonly { readonly name: string; readonly message: string }[];
  /** Null before the first score. */
  readonly result: TrainingResult | null;
}

/** A pair or target that cannot be used because of its files. */
const Failure = z.object({ name: z.string(), message: z.string() }).readonly();
type Failure = z.infer<typeof Failure>;

/** `run.json` of a training; a line of its journal is a failure. The steps have a journal of their own, `metrics.jsonl`. */
const trainingRecord: RecordKind<TrainingFile, Failure> = {
  file: "run.json",
  commands: ["finetune", "finetune-sam", "weak train"],
  version: 1,
  schema: z.object({
    ...headerShape,
    notice: z.string(),
    recordVersion: z.int().optional(),
    // These two are informative only: resuming does not read them.
    counts: z.custom<Counts>((value) => typeof value === "object" && value !== null),
    result: z.custom<TrainingResult | null>((value) => typeof value === "object"),
    stepsPerEpoch: z.number(),
    trainedSize: z.number(),
    failed: list(Failure),
  }),
  line: Failure,
  identity: fingerprintOf,
};

/** What a command says about its training when it starts. */
export type TrainingContent = Omit<TrainingFile, "versions" | "notice" | "failed" | "result">;

/** Files and folders that a training writes. */
const outputs = ["checkpoints", "model", "tensorboard", "metrics.jsonl", "report.html", "run.json"];

/** `run.json` of a training: model, data and settings, so that it can be repeated, resumed and audited. */
export class TrainingRecord {
  private readonly folder: RunFolder<TrainingFile, Failure>;
  private readonly head: Omit<TrainingFile, "failed" | "result">;
  private readonly failures: Map<string, string>;
  private result: TrainingFile["result"];

  private constructor(
    folder: RunFolder<TrainingFile, Failure>,
    head: Omit<TrainingFile, "failed" | "result">,
    failed: readonly Failure[],
    result: TrainingFile["result"],
  ) {
    this.folder = folder;
    this.head = head;
    this.failures = new Map(failed.map(({ name, message }) => [name, message]));
    this.result = result;
  }

  /**
   * Opens the record of a folder, or starts one, and writes it. Call `close` when done.
   *
   * @param options.overwrite - remove the results of another training in the folder
   * @throws ConfigError when the folder holds a training with other settings, other files, or the weights that this training starts from, or
   *   when another run writes into it
   */
  static async open(out: string, content: TrainingContent, { overwrite }: { readonly overwrite: boolean }): Promise<TrainingRecord> {
    const head = { notice, recordVersion: trainingRecord.version, ...content, versions: await versions() };
    return await RunFolder.openAs(out, trainingRecord, async (folder, found) => {
      const before = found?.record;
      if (before && before.command !== content.command) throw otherCommand(out, before.command);
      if (!before && !overwrite) await folder.refuseStrangers(outputs);
      const difference = before && differenceOf(before, head);
      if (difference !== undefined && !overwrite) throw otherResults(out, "a training with other settings", difference);
      refuseOwnInputs(out, head);
      if (overwrite) await remove(outputs.map((name) => join(out, name)));
      const kept = overwrite || !found ? { failed: [], result: null } : foundSoFar(found);
      const record = new TrainingRecord(folder, head, kept.failed, kept.result);
      await folder.begin({ ...head, failed: [], result: null }, () => record.text());
      return record;
    });
  }

  /** Warnings about the folder. */
  get warnings(): readonly string[] {
    return this.folder.warnings;
  }

  /** Identifies this training, see `fingerprintOf`. */
  get fingerprint(): string {
    return fingerprintOf(this.head);
  }

  /** Pairs that could not be used because of their files. */
  get failed(): ReadonlyMap<string, string> {
    return this.failures;
  }

  /** Records pairs that cannot be used. @returns the new ones among them */
  async fail(pairs: readonly DroppedPair[]): Promise<Failure[]> {
    const fresh = pairs.filter(({ key }) => !this.failures.has(key)).map((pair) => ({ name: pair.key, message: droppedMessage(pair) }));
    for (const failure of fresh) {
      this.failures.set(failure.name, failure.message);
      await this.folder.append(failure);
    }
    return fresh;
  }

  /** Records the progress of the training, and writes the file. */
  async reach(steps: number, { epochs, best, isStopped }: LoopPosition, chosenBy: string): Promise<void> {
    this.result = { steps, epochs, best, chosenBy, isImproved: best?.scores ? best.epoch > 0 : null, isStopped };
    await this.folder.write();
  }

  /** Writes the record for the last time. */
  async finish(): Promise<void> {
    await this.folder.finish();
  }

  /** Unlocks the folder, however the training ended. */
  async close(): Promise<void> {
    await this.folder.close();
  }

  private text(): Iterable<string> {
    const failed = [...this.failures].map(([name, message]) => JSON.stringify({ name, message }));
    return recordText({ ...this.head, result: this.result }, { failed });
  }
}

/** A training overwrites its output files, so the weights that it starts from must not be among them. @throws ConfigError that names the file */
function refuseOwnInputs(out: string, { weights, data }: Pick<RunHeader, "weights" | "data">): void {
  const written = outputs.map((name) => resolve(out, name));
  for (const { file } of Object.values({ ...weights, ...data })) {
    const path = resolve(file);
    if (!written.some((output) => path === output || path.startsWith(output + sep))) continue;
    throw new ConfigError(`"${file}" is an input of this training and would be overwritten by its results. Choose another --out.`);
  }
}

/** The `run.json` of a folder; undefined if there is none. @throws InputError, ConfigError as `readRecord` */
export async function readTraining(folder: string): Promise<TrainingFile | undefined> {
  const found = await readRecord(folder, trainingRecord);
  return found && { ...found.record, ...foundSoFar(found) };
}

function foundSoFar({ record, lines }: Found<TrainingFile, Failure>): Pick<TrainingFile, "failed" | "result"> {
  const failed = new Map([...record.failed, ...lines].map((failure) => [failure.name, failure]));
  return { failed: [...failed.values()], result: record.result };
}
