import { described } from "../check/described.ts";
import { InputError } from "../errors.ts";
import { listed } from "../listed.ts";

/** The entries of dataset.json that say what the values of label files mean. */
export interface LabelTable {
  /** By name: a value, or for region-based training the values that a region consists of. */
  readonly labels: Readonly<Record<string, number | readonly number[]>>;
  /** The value that each region is painted with, in the order of painting. */
  readonly regions_class_order?: readonly number[] | undefined;
}

/** One entry of `labels`. */
export interface LabelEntry {
  readonly name: string;
  /** Ascending, at least one. */
  readonly values: readonly number[];
}

/** A region: one output of the network, which may overlap others. */
export interface Region extends LabelEntry {
  /** The value that its pixels get in a label map; later regions overwrite earlier ones. */
  readonly paintedAs: number;
}

/** What the labels of a data set mean. */
export interface LabelRules {
  /** All entries in the order of dataset.json, the background and the ignore label included. */
  readonly entries: readonly LabelEntry[];
  /** All values but the ignore label, ascending: 0 (background) to their number - 1. */
  readonly values: readonly number[];
  /** The same without the background. */
  readonly foreground: readonly number[];
  /** Regions in the order of the network's outputs, which is that of painting; undefined where each pixel has exactly one class. */
  readonly regions: readonly Region[] | undefined;
  /** Pixels of this value have no known label and take no part in training. It is the value after the last label. */
  readonly ignore: number | undefined;
  /** Channels of the network's segmentation heads: classes with the background, or regions without it. */
  readonly outputs: number;
}

const ignoreName = "ignore";

/**
 * What the labels of a dataset.json mean.
 *
 * Values are consecutive from 0, the background; "ignore" is the value after the last one. If any entry has several values, the training is
 * region-based: each entry but the background is an output, in the order of dataset.json, and `regions_class_order` must have a value for each.
 *
 * @param file - name of dataset.json in messages
 * @throws InputError that says which entry is wrong and how to write it
 * @see nnU-Net v2, documentation/dataset_format.md, region_based_training.md and ignore_label.md
 * @example labelRulesOf({ labels: { background: 0, lung: 1, ignore: 2 } }).outputs; // 2
 */
export function labelRulesOf({ labels, regions_class_order: order }: LabelTable, file = "dataset.json"): LabelRules {
  const entries = Object.entries(labels).map(([name, value]): LabelEntry => ({ name, values: valuesOf(name, value, file) }));
  const known = entries.filter(({ name }) => name !== ignoreName);
  const isRegionBased = known.some(({ values }) => values.length > 1);
  const values = [...new Set(known.flatMap((entry) => entry.values))].sort((a, b) => a - b);
  checkConsecutive(values, file);
  if (!isRegionBased) checkDistinct(known, file);
  const ignore = ignoreOf(entries, values, file);
  const foreground = values.filter((value) => value !== 0);
  if (foreground.length === 0)
    throw new InputError(`"${file}": "labels" has no entry but the background. Add what is to be segmented, with value 1.`);
  const regions = isRegionBased ? regionsOf(known, order, values, file) : undefined;
  return { entries, values, foreground, regions, ignore, outputs: regions?.length ?? values.length };
}

function valuesOf(name: string, value: unknown, file: string): readonly number[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isWhole = (one: unknown): one is number => Number.isSafeInteger(one) && (one as number) >= 0;
  if (values.length > 0 && values.every(isWhole)) return [...new Set(values)].sort((a, b) => a - b);
  const advice =
    typeof value === "string" && /^\d+$/.test(name)
      ? `This is the layout of nnU-Net v1; turn it round: ${JSON.stringify(value)}: ${name}.`
      : `Write it as "${name}": 1, or as "${name}": [1, 2] for a region.`;
  throw new InputError(
    `"${file}": label "${name}" must be a whole number from 0 on, or a list of them, got ${described(value)}. ${advice}`,
  );
}

function checkConsecutive(values: readonly number[], file: string): void {
  const missing = values.findIndex((value, i) => value !== i);
  if (values.length > 0 && missing === -1) return;
  throw new InputError(
    missing <= 0
      ? `"${file}": "labels" has no entry for 0. Add "background": 0.`
      : `"${file}": the values of "labels" must be consecutive, got ${listed(values, 20)}: ${missing} is missing. Renumber the labels here and in the label files.`,
  );
}

function checkDistinct(entries: readonly LabelEntry[], file: string): void {
  const nameOf = new Map<number, string>();
  for (const {
    name,
    values: [value],
  } of entries) {
    const other = nameOf.get(value!);
    if (other !== undefined)
      throw new InputError(`"${file}": labels "${other}" and "${name}" have the same value ${value}. Remove one of them.`);
    nameOf.set(value!, name);
  }
}

function ignoreOf(entries: readonly LabelEntry[], values: readonly number[], file: string): number | undefined {
  const entry = entries.find(({ name }) => name === ignoreName);
  if (entry === undefined) return undefined;
  if (entry.values.length === 1 && entry.values[0] === values.length) return values.length;
  throw new InputError(
    `"${file}": label "ignore" must be the value after all others, ${values.length}, got ${described(entry.values.length === 1 ? entry.values[0] : entry.values)}. Renumber it here and in the label files.`,
  );
}

function regionsOf(
  entries: readonly LabelEntry[],
  order: readonly number[] | undefined,
  values: readonly number[],
  file: string,
): readonly Region[] {
  const regions = entries.filter((entry) => entry.values.some((value) => value !== 0));
  const names = listed(regions, 8, ({ name }) => `"${name}"`);
  if (order === undefined) {
    throw new InputError(
      `"${file}": labels with several values (regions) need "regions_class_order". Add a list of ${regions.length} values for ${names}: the one that each is painted with, later ones over earlier ones.`,
    );
  }
  const isKnown = (value: number) => value !== 0 && values.includes(value);
  if (order.length !== regions.length || !order.every(isKnown)) {
    throw new InputError(
      `"${file}": "regions_class_order" must have ${regions.length} values out of ${listed(values.slice(1), 20)}, one each for ${names}, got ${described(order)}.`,
    );
  }
  return regions.map((region, i) => ({ ...region, paintedAs: order[i]! }));
}
