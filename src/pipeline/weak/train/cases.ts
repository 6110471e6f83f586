import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DroppedPair } from "../../../data/index.ts";
import { InputError, throwIfCancelled } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { readJsonIfPresent } from "../../../files/read-json.ts";
import {
  type Plans,
  preprocess,
  preprocessSettingsOf,
  type RawDataset,
  readTrainingCase,
  type TrainingFiles,
} from "../../../nnunet/index.ts";
import { hashInput } from "../../../run/input-files.ts";
import { writeCase } from "../../../train/supervised/case.ts";
import { trainingCaseOf } from "../../../train/supervised/prepared-case.ts";
import { unusable } from "../plan/make-plan.ts";

/** Where preprocessed cases go, in the output folder of a training. */
export const preprocessedFolder = "preprocessed";

export interface PrepareOptions {
  /** Output folder of the training. */
  readonly out: string;
  readonly seed: number;
  /** By the name of the case; those without an entry are left out. Default: all cases count alike. */
  readonly weights?: ReadonlyMap<string, number> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The files of preprocessed cases. */
export interface PreparedCases {
  /** By the name of the case. */
  readonly files: ReadonlyMap<string, string>;
  /** Identifies images, labels, weights and plan: a training resumes with the same only. */
  readonly sha256: string;
  /** Cases that could not be used because of their files. */
  readonly dropped: readonly DroppedPair[];
  /** Cases without any foreground. */
  readonly empty: readonly string[];
  /** Cases that are left out because all of their pixels have the ignore label. */
  readonly ignored: readonly string[];
  readonly warnings: readonly string[];
}

/** Progress of the preparation. */
export type PrepareEvent = { readonly done: number; readonly total: number };

/**
 * Preprocesses the cases of a data set into files, one at a time. Those that an earlier run has written from the same files and plan are kept.
 *
 * Cases whose files cannot be used are reported, and the others go on.
 */
export async function* prepareCases(
  dataset: RawDataset,
  plans: Plans,
  options: PrepareOptions,
): AsyncGenerator<PrepareEvent, PreparedCases> {
  const { out, weights, signal } = options;
  const wanted = casesWanted(dataset, weights);
  const folder = join(out, preprocessedFolder);
  const known = ((await readJsonIfPresent(join(folder, "cases.json"), InputError)) ?? {}) as Record<string, Entry>;
  const [files, entries] = [new Map<string, string>(), new Map<string, Entry>()];
  const [dropped, empty, ignored, warnings]: [DroppedPair[], string[], string[], string[]] = [[], [], [], []];
  for (const [i, source] of wanted.entries()) {
    throwIfCancelled(signal);
    yield { done: i, total: wanted.length };
    const file = join(folder, `${source.name}.safetensors`);
    try {
      const sha256 = await identityOf(source, plans, options);
      let entry = known[source.name];
      // Entries of earlier versions do not say whether the case is ignored.
      if (entry?.sha256 !== sha256 || entry.isIgnored === undefined || !(entry.isIgnored || existsSync(file))) {
        const { one, notes, ...facts } = await prepared(source, dataset, plans, options);
        if (!facts.isIgnored) await writeCase(file, one);
        entry = { sha256, ...facts, warnings: notes };
      }
      entries.set(source.name, entry);
      if (entry.isIgnored) {
        ignored.push(source.name);
        continue;
      }
      files.set(source.name, file);
      if (entry.isEmpty) empty.push(source.name);
      warnings.push(...entry.warnings);
    } catch (error) {
      dropped.push(unusable(source, error));
    }
  }
  await writeAtomic(join(folder, "cases.json"), `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`);
  const all = [...files.keys()].map((name) => `${name} ${entries.get(name)!.sha256}`).join("\n");
  return { files, sha256: createHash("sha256").update(all).digest("hex"), dropped, empty, ignored, warnings };
}

/** What is known of a preprocessed case. */
interface Entry {
  readonly sha256: string;
  readonly isEmpty: boolean;
  readonly isIgnored?: boolean;
  readonly warnings: readonly string[];
}

/** The cases that are trained on, unless their files cannot be used. */
export function casesWanted({ cases }: RawDataset, weights: ReadonlyMap<string, number> | undefined): readonly TrainingFiles[] {
  return cases.filter(({ name }) => weights === undefined || (weights.get(name) ?? 0) > 0);
}

/** Hash of all that a preprocessed case depends on. */
async function identityOf({ name, images, label }: TrainingFiles, plans: Plans, { seed, weights }: PrepareOptions): Promise<string> {
  const hashes = await Promise.all([...images, label].map(async (file) => (await hashInput(file)).sha256));
  const settings = preprocessSettingsOf(plans);
  return createHash("sha256")
    .update(JSON.stringify([1, name, hashes, settings, seed, weights?.get(name) ?? 1]))
    .digest("hex");
}

async function prepared(files: TrainingFiles, dataset: RawDataset, plans: Plans, { seed, weights }: PrepareOptions) {
  const { name } = files;
  const raw = await readTrainingCase(files, dataset);
  const ready = preprocess({ image: raw, spacing: raw.spacing ?? [1, 1], labels: raw.labels.data }, preprocessSettingsOf(plans));
  const one = trainingCaseOf(name, ready, dataset.labels, { seed, weight: weights?.get(name) ?? 1 });
  const isEmpty = one.classLocations.every(({ length }) => length === 0);
  return { one, isEmpty, isIgnored: one.annotated?.length === 0, notes: raw.warnings };
}
