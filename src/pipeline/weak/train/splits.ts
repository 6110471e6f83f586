import { z } from "zod";
import { shuffled } from "../../../data/split.ts";
import { ConfigError, InputError } from "../../../errors.ts";
import { readJson } from "../../../files/read-json.ts";
import { listed } from "../../../listed.ts";

/** Names of the cases of a fold. */
export interface Fold {
  readonly train: readonly string[];
  readonly val: readonly string[];
}

/** Cases are split into so many folds. */
export const foldCount = 5;

/** `splits_final.json` as nnU-Net writes it. */
const Splits = z.array(z.object({ train: z.array(z.string()), val: z.array(z.string()) })).min(1);

/**
 * Five folds of the cases: each case is in the validation set of one. Cases of one group, such as a patient, stay together.
 *
 * nnU-Net's own folds depend on NumPy's random numbers; to use those, pass its splits_final.json.
 *
 * @param groupOf - default: each case by itself
 */
export function splitFolds(names: readonly string[], seed: number, groupOf: (name: string) => string = (name) => name): Fold[] {
  const groups = new Map<string, string[]>();
  for (const name of names) groups.set(groupOf(name), [...(groups.get(groupOf(name)) ?? []), name]);
  if (groups.size < foldCount)
    throw new ConfigError(
      `there must be at least ${foldCount} cases or groups for ${foldCount} folds, got ${groups.size}. Use --fold all.`,
    );
  const parts: string[][] = Array.from({ length: foldCount }, () => []);
  for (const group of shuffled([...groups.keys()], "nnunet/folds", seed)) {
    const smallest = parts.reduce((a, b) => (b.length < a.length ? b : a));
    smallest.push(...groups.get(group)!);
  }
  return parts.map((part) => {
    const val = new Set(part);
    return { train: names.filter((name) => !val.has(name)), val: names.filter((name) => val.has(name)) };
  });
}

/**
 * The folds of a splits_final.json.
 *
 * @throws InputError when it cannot be read, names unknown cases, or has a case on both sides of a fold
 */
export async function readSplits(file: string, names: readonly string[]): Promise<Fold[]> {
  const { data: folds, error } = Splits.safeParse(await readJson(file, InputError));
  if (error) throw new InputError(`"${file}" is not a list of { "train": [...], "val": [...] }: ${z.prettifyError(error)}`);
  const known = new Set(names);
  for (const [i, { train, val }] of folds.entries()) {
    const strangers = [...train, ...val].filter((name) => !known.has(name));
    if (strangers.length > 0) throw new InputError(`"${file}": fold ${i} names cases that are not there: ${listed(strangers, 5)}.`);
    const both = train.filter((name) => val.includes(name));
    if (both.length > 0) throw new InputError(`"${file}": fold ${i} has cases in training and validation: ${listed(both, 5)}.`);
  }
  return folds;
}
