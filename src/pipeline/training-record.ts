import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { remove, writeAtomic } from "../atomic-write.ts";
import type { DroppedPair } from "../data/index.ts";
import { ConfigError, InputError } from "../errors.ts";
import { type RunHeader, versions } from "../run/record.ts";
import { differenceOf, fingerprintOf } from "../run/resume.ts";
import type { TrainingPosition } from "../train/index.ts";

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
export interface TrainingResult extends Pick<TrainingPosition, "epochs" | "best" | "isStopped"> {
  readonly steps: number;
  /** Whether the model in `model/` has a better held-out score than the one before training, which it else is; null where nothing is held out. */
  readonly isImproved: boolean | null;
}

/** `run.json` of a training. */
export interface TrainingFile<Counts = PairCounts | TargetCounts> extends RunHeader {
  readonly notice: string;
  readonly counts: Counts;
  readonly stepsPerEpoch: number;
  /** Numbers that are trained. */
  readonly trainedSize: number;
  readonly failed: readonly { readonly name: string; readonly message: string }[];
  /** Null before the first score. */
  readonly result: TrainingResult | null;
}

/** What a training writes into its folder. */
const outputs = ["checkpoints", "model", "tensorboard", "metrics.jsonl", "report.html", "run.json"];

/** `run.json` of a training: what is trained on what, so that it can be repeated, resumed and trusted. */
export class TrainingRecord {
  private readonly file: string;
  private readonly head: Omit<TrainingFile, "failed" | "result">;
  private readonly failures: Map<string, string>;
  private result: TrainingFile["result"];

  private constructor(file: string, head: Omit<TrainingFile, "failed" | "result">, before: TrainingFile | undefined) {
    this.file = file;
    this.head = head;
    this.failures = new Map(before?.failed.map(({ name, message }) => [name, message]));
    this.result = before?.result ?? null;
  }

  /**
   * Opens the record of a folder, or begins one.
   *
   * @param options.overwrite - remove what another training has made there
   * @throws ConfigError when the folder holds a training with other settings, or something else
   */
  static async open(
    out: string,
    content: Omit<TrainingFile, "versions" | "notice" | "failed" | "result">,
    { overwrite }: { readonly overwrite: boolean },
  ): Promise<TrainingRecord> {
    const file = join(out, "run.json");
    const head = { notice: "Research use only; not a medical device.", ...content, versions: await versions() };
    const before = await readTraining(out);
    if (before && before.command !== content.command)
      throw new ConfigError(`"${out}" holds results of the command "${before.command}". Choose another --out.`);
    if (!before && existsSync(join(out, "checkpoints")))
      throw new ConfigError(`"${out}" holds checkpoints but no run.json that tells where they come from. Choose another --out.`);
    if (overwrite) {
      if (before) await remove(outputs.map((name) => join(out, name)));
      return new TrainingRecord(file, head, undefined);
    }
    const difference = before && differenceOf(before, head);
    if (difference !== undefined) {
      throw new ConfigError(`"${out}" holds a training with other settings (${difference}). Choose another --out, or give --overwrite.`);
    }
    return new TrainingRecord(file, head, before);
  }

  /** Tells this training from others, see `fingerprintOf`. */
  get fingerprint(): string {
    return fingerprintOf(this.head);
  }

  /** Pairs that could not be used because of their files. */
  get failed(): ReadonlyMap<string, string> {
    return this.failures;
  }

  /** Notes pairs that cannot be used, and writes the file. @returns those that were not known */
  async fail(pairs: readonly DroppedPair[]): Promise<{ readonly name: string; readonly message: string }[]> {
    const fresh = pairs
      .filter(({ key }) => !this.failures.has(key))
      .map(({ key, reason, detail }) => ({ name: key, message: detail === undefined ? reason : `${reason}: ${detail}` }));
    for (const { name, message } of fresh) this.failures.set(name, message);
    if (fresh.length > 0) await this.write();
    return fresh;
  }

  /** Notes where the training stands, and writes the file. */
  async reach(steps: number, { epochs, best, isStopped }: TrainingPosition): Promise<void> {
    this.result = { steps, epochs, best, isImproved: best && best.loss !== null ? best.epoch > 0 : null, isStopped };
    await this.write();
  }

  async write(): Promise<void> {
    const failed = [...this.failures].map(([name, message]) => ({ name, message }));
    const content: TrainingFile = { ...this.head, failed, result: this.result };
    await writeAtomic(this.file, `${JSON.stringify(content, null, 1)}\n`);
  }
}

/** The `run.json` of a folder; undefined where there is none. @throws InputError when it cannot be read */
export async function readTraining(folder: string): Promise<TrainingFile | undefined> {
  const file = join(folder, "run.json");
  try {
    return JSON.parse(await readFile(file, "utf8")) as TrainingFile;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new InputError(`"${file}" is not a record of a run (${(cause as Error).message}). Move it away or choose another --out.`, {
      cause,
    });
  }
}
