import { ShapeError } from "../errors.ts";
import { components, type LabelMap, largestComponents, maskOf } from "../image/index.ts";

/** The labels that count as one class: one label, those of a region, or all of the foreground. */
export type ClassLabels = readonly number[];

/** A prediction of a validation case beside its reference labels. */
export interface ValidationPair {
  readonly prediction: LabelMap;
  readonly reference: LabelMap;
}

/** A class of which only the largest component was kept, or not, and the mean Dice before and after. */
export interface PostprocessingTrial {
  readonly labels: ClassLabels;
  readonly diceBefore: number;
  readonly diceAfter: number;
  readonly isKept: boolean;
}

/** What to do with predictions: for each entry in turn, keep the largest component of these labels. */
export interface Postprocessing {
  readonly steps: readonly ClassLabels[];
  readonly trials: readonly PostprocessingTrial[];
}

/**
 * Of the pixels with one of the labels, keeps the largest component (8 neighbours; equally large ones all stay); the others become background.
 */
export function keepLargestComponent(map: LabelMap, labels: ClassLabels): LabelMap {
  const { width, height, data } = map;
  const isMember = memberTable(labels);
  const mask = new Uint8Array(data.length);
  for (let i = 0; i < mask.length; i++) mask[i] = isMember[data[i]!] ?? 0;
  const found = components({ width, height, data: mask });
  if (found.components.length < 2) return map;
  const kept = maskOf(found, largestComponents(found.components, 1, "keep")).data;
  const out = data.slice();
  for (let i = 0; i < out.length; i++) if (mask[i] === 1 && kept[i] === 0) out[i] = 0;
  return { ...map, data: out };
}

/** Applies what `choosePostprocessing` chose. */
export function postprocess(map: LabelMap, { steps }: Pick<Postprocessing, "steps">): LabelMap {
  return steps.reduce(keepLargestComponent, map);
}

/**
 * Chooses on validation cases whether to keep only the largest component, as nnU-Net does: of all foreground together, if that raises the mean Dice over
 * classes and lowers that of no class; then, with several classes, of each in turn, if its Dice rises on the result so far.
 *
 * Pairs of which both are empty count as a Dice of 1, where nnU-Net leaves them out. Postprocessing never changes such a pair, so the choice is the same.
 *
 * @param classes - the foreground classes, or the regions
 * @param options.ignore - pixels whose reference has this label do not count
 * @throws ShapeError when there is no pair, or the two of a pair differ in size
 */
export function choosePostprocessing(
  pairs: readonly ValidationPair[],
  classes: readonly ClassLabels[],
  { ignore }: { readonly ignore?: number | undefined } = {},
): Postprocessing {
  if (pairs.length === 0) throw new ShapeError("choosePostprocessing: there must be at least one validation case");
  const trials: PostprocessingTrial[] = [];
  let current = pairs;
  let dice = meanDice(current, classes, ignore);
  const attempt = (labels: ClassLabels, accepts: (changed: readonly number[]) => boolean, of: (all: readonly number[]) => number) => {
    const changed = current.map(({ prediction, reference }) => ({ prediction: keepLargestComponent(prediction, labels), reference }));
    const changedDice = meanDice(changed, classes, ignore);
    const isKept = accepts(changedDice);
    trials.push({ labels, diceBefore: of(dice), diceAfter: of(changedDice), isKept });
    if (isKept) [current, dice] = [changed, changedDice];
  };
  const foreground = [...new Set(classes.flat())].sort((a, b) => a - b);
  attempt(foreground, (changed) => mean(changed) > mean(dice) && changed.every((value, k) => value >= dice[k]!), mean);
  if (classes.length > 1) {
    for (const [k, labels] of classes.entries()) {
      attempt(
        labels,
        (changed) => changed[k]! > dice[k]!,
        (all) => all[k]!,
      );
    }
  }
  return { steps: trials.filter(({ isKept }) => isKept).map(({ labels }) => labels), trials };
}

/** The mean Dice of each class over the pairs. */
function meanDice(pairs: readonly ValidationPair[], classes: readonly ClassLabels[], ignore: number | undefined): number[] {
  const sums = classes.map(() => 0);
  const tables = classes.map(memberTable);
  for (const { prediction, reference } of pairs) {
    if (prediction.width !== reference.width || prediction.height !== reference.height) {
      throw new ShapeError(
        `choosePostprocessing: a prediction is ${prediction.width} x ${prediction.height}, its reference ${reference.width} x ${reference.height}`,
      );
    }
    for (const [k, table] of tables.entries()) sums[k]! += diceOf(prediction.data, reference.data, table, ignore) / pairs.length;
  }
  return sums;
}

function diceOf(prediction: Int16Array, reference: Int16Array, isMember: Uint8Array, ignore: number | undefined): number {
  let both = 0;
  let either = 0; // each side's pixels, so that shared ones count twice
  for (let i = 0; i < reference.length; i++) {
    if (reference[i] === ignore) continue;
    const ours = isMember[prediction[i]!] ?? 0;
    const theirs = isMember[reference[i]!] ?? 0;
    both += ours & theirs;
    either += ours + theirs;
  }
  return either === 0 ? 1 : (2 * both) / either;
}

/** 1 for each label of a class; labels beyond the table, and negative ones, are none of them. */
function memberTable(labels: ClassLabels): Uint8Array {
  const table = new Uint8Array(Math.max(0, ...labels) + 1);
  for (const label of labels) table[label] = 1;
  return table;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
