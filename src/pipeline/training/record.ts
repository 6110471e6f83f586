import { join, resolve, sep } from "node:path";
import { z } from "zod";
import type { DroppedPair } from "../../data/index.ts";
import { ConfigError } from "../../errors.ts";
import { remove } from "../../files/atomic-write.ts";
import { type Found, notice, type RecordKind, RunFolder, readRecord, recordText } from "../../run/record/folder.ts";
import { type RunHeader, versions } from "../../run/record/record.ts";
import { differenceOf, fingerprintOf, otherCommand, otherResults } from "../../run/record/resume.ts";
import { headerShape, list } from "../../run/record/schema.ts";
import type { LoopPosition } from "../../train/index.ts";

/** How the pairs of a training were found and dealt. */
export interface PairCounts {
  readonly train: number;
  readonly validation: number;
  /** Held-out images that are trained on, too. */
  readonly shared: number;
  /** How many are not used, by reason, the most frequent first. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Captions that were longer than the context. */
  readonly truncated: number;
  readonly outlines?: OutlineCounts;
}

/** What is known of outlined images. */
export interface OutlineCounts {
  /** What phrases name in images, or that it is not there. */
  readonly regions: number;
  /** Those of them whose masks are empty. */
  readonly empty: number;
  /** Outlines whose image or mask cannot be used, by reason. */
  readonly unused: Readonly<Record<string, number>>;
}

/** How the targets of a promptable training were found and dealt. */
export interface TargetCounts {
  readonly train: number;
  readonly validation: number;
  readonly trainImages: number;
  readonly validationImages: number;
  /** Held-out images that are trained on, too. */
  readonly shared: number;
  /** Targets to train on, by group. */
  readonly groups: Readonly<Record<string, number>>;
  /** Targets with a coarse mask. */
  readonly coarse: number;
  /** Masks in which nothing is set. */
  readonly empty: number;
  /** Targets whose image or mask cannot be used, by reason, the most frequent first. */
  readonly unused: Readonly<Record<string, number>>;
  /** Images without a mask. */
  readonly unmatched: number;
  /** Masks without an image. */
  readonly unmatchedMasks: number;
}

/** What a training has come to. */
export interface TrainingResult extends Pick<LoopPosition, "epochs" | "best" | "isStopped"> {
  readonly steps: number;
  /** The held-out metric by which the best epoch is chosen. */
  readonly chosenBy: string;
  /** Whether the model in `model/` has a better held-out score than the one before training, which it else is; null where nothing is held out. */
  readonly isImproved: boolean | null;
}

/** `run.json` of a training. */
export interface TrainingFile<Counts = PairCounts | TargetCounts> extends RunHeader {
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
  commands: ["finetune", "finetune-sam"],
  version: 1,
  schema: z.object({
    ...headerShape,
    notice: z.string(),
    recordVersion: z.int().optional(),
    // Nothing is decided by these two when a training goes on: they are told to people alone.
    counts: z.custom<PairCounts | TargetCounts>((value) => typeof value === "object" && value !== null),
    result: z.custom<TrainingResult | null>((value) => typeof value === "object"),
    stepsPerEpoch: z.number(),
    trainedSize: z.number(),
    failed: list(Failure),
  }),
  line: Failure,
  identity: fingerprintOf,
};

/** What a training writes into its folder. */
const outputs = ["checkpoints", "model", "tensorboard", "metrics.jsonl", "report.html", "run.json"];

/** `run.json` of a training: what is trained on what, so that it can be repeated, resumed and trusted. */
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
   * Opens the record of a folder, or begins one, and writes it. Call `close` when done.
   *
   * @param options.overwrite - remove what another training has made there
   * @throws ConfigError when the folder holds a training with other settings, something else, or what this one begins with, or another run
   *   writes into it
   */
  static async open(
    out: string,
    content: Omit<TrainingFile, "versions" | "notice" | "failed" | "result">,
    { overwrite }: { readonly overwrite: boolean },
  ): Promise<TrainingRecord> {
    const head = { notice, recordVersion: trainingRecord.version, ...content, versions: await versions() };
    const { folder, found } = await RunFolder.open(out, trainingRecord);
    try {
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
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /** About the folder, to be told. */
  get warnings(): readonly string[] {
    return this.folder.warnings;
  }

  /** Tells this training from others, see `fingerprintOf`. */
  get fingerprint(): string {
    return fingerprintOf(this.head);
  }

  /** Pairs that could not be used because of their files. */
  get failed(): ReadonlyMap<string, string> {
    return this.failures;
  }

  /** Notes pairs that cannot be used. @returns those that were not known */
  async fail(pairs: readonly DroppedPair[]): Promise<Failure[]> {
    const fresh = pairs
      .filter(({ key }) => !this.failures.has(key))
      .map(({ key, reason, detail }) => ({ name: key, message: detail === undefined ? reason : `${reason}: ${detail}` }));
    for (const failure of fresh) {
      this.failures.set(failure.name, failure.message);
      await this.folder.append(failure);
    }
    return fresh;
  }

  /** Notes where the training stands, and writes the file. */
  async reach(steps: number, { epochs, best, isStopped }: LoopPosition, chosenBy: string): Promise<void> {
    this.result = { steps, epochs, best, chosenBy, isImproved: best?.scores ? best.epoch > 0 : null, isStopped };
    await this.folder.write();
  }

  /** Writes the record for the last time. */
  async finish(): Promise<void> {
    await this.folder.finish();
  }

  /** Lets the folder go, however the training ended. */
  async close(): Promise<void> {
    await this.folder.close();
  }

  private text(): Iterable<string> {
    const failed = [...this.failures].map(([name, message]) => JSON.stringify({ name, message }));
    return recordText({ ...this.head, result: this.result }, { failed });
  }
}

/** A training replaces what it writes, so nothing that it begins with may lie there. @throws ConfigError that names the file */
function refuseOwnInputs(out: string, { weights, data }: Pick<RunHeader, "weights" | "data">): void {
  const written = outputs.map((name) => resolve(out, name));
  for (const { file } of Object.values({ ...weights, ...data })) {
    const path = resolve(file);
    if (!written.some((output) => path === output || path.startsWith(output + sep))) continue;
    throw new ConfigError(`"${file}" is what this training would begin with, and would be replaced by its results. Choose another --out.`);
  }
}

/** The `run.json` of a folder; undefined where there is none. @throws InputError, ConfigError as `readRecord` */
export async function readTraining(folder: string): Promise<TrainingFile | undefined> {
  const found = await readRecord(folder, trainingRecord);
  return found && { ...found.record, ...foundSoFar(found) };
}

function foundSoFar({ record, lines }: Found<TrainingFile, Failure>): Pick<TrainingFile, "failed" | "result"> {
  const failed = new Map([...record.failed, ...lines].map((failure) => [failure.name, failure]));
  return { failed: [...failed.values()], result: record.result };
}
