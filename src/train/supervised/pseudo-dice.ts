import type { Tensor } from "../../tensor/tensor.ts";

/** True positives, false positives and false negatives of a class or region, in pixels. */
export interface HardCounts {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}

/** What labels mean for the heads. */
export interface TargetMeaning {
  /** Labels that make up each region; absent where each pixel has exactly one class. */
  readonly regions?: readonly (readonly number[])[] | undefined;
  readonly ignoreLabel?: number | undefined;
}

/**
 * Hard counts over a batch, for each foreground class (the largest logit wins, of equal ones the lowest class) or each region (logit above 0).
 * Pixels with the ignore label count nowhere.
 *
 * @param logits - [B, K, h, w]
 * @param target - [B, 1, h, w]
 */
export function hardCounts(logits: Tensor<"float32">, target: Tensor<"int16">, meaning: TargetMeaning = {}): HardCounts[] {
  const [images, channels, height, width] = logits.shape as [number, number, number, number];
  const { regions, ignoreLabel } = meaning;
  const pixels = height * width;
  const count = regions?.length ?? channels - 1;
  const [tp, fp, fn] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const isInRegion = regions?.map((labels) => new Set(labels));
  for (let b = 0; b < images; b++) {
    for (let i = 0; i < pixels; i++) {
      const label = target.data[b * pixels + i]!;
      if (label === ignoreLabel) continue;
      const at = b * channels * pixels + i;
      if (isInRegion) {
        for (let r = 0; r < count; r++) tally(r, logits.data[at + r * pixels]! > 0, isInRegion[r]!.has(label));
        continue;
      }
      let largest = 0;
      for (let k = 1; k < channels; k++) if (logits.data[at + k * pixels]! > logits.data[at + largest * pixels]!) largest = k;
      if (largest > 0) tally(largest - 1, true, label === largest);
      if (label > 0 && label !== largest) tally(label - 1, false, true);
    }
  }
  function tally(k: number, isPredicted: boolean, isTrue: boolean): void {
    if (isPredicted && isTrue) tp[k]!++;
    else if (isPredicted) fp[k]!++;
    else if (isTrue) fn[k]!++;
  }
  return Array.from(tp, (count, k) => ({ tp: count, fp: fp[k]!, fn: fn[k]! }));
}

/** The sums of counts of several batches. */
export function addCounts(a: readonly HardCounts[], b: readonly HardCounts[]): HardCounts[] {
  return b.map(({ tp, fp, fn }, k) => ({ tp: tp + (a[k]?.tp ?? 0), fp: fp + (a[k]?.fp ?? 0), fn: fn + (a[k]?.fn ?? 0) }));
}

/** 2 tp / (2 tp + fp + fn); undefined for a class that is neither in the target nor predicted. */
export function diceOf({ tp, fp, fn }: HardCounts): number | undefined {
  const sum = 2 * tp + fp + fn;
  return sum === 0 ? undefined : (2 * tp) / sum;
}

/**
 * nnU-Net's pseudo-Dice: the mean Dice of the classes over all pixels of the validation patches together. It is no DSC of images: patches are
 * drawn at random, a third of them around foreground.
 *
 * @returns 1 where no class is in the target or predicted
 */
export function pseudoDice(counts: readonly HardCounts[]): number {
  const values = counts.map(diceOf).filter((value) => value !== undefined);
  return values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Share of the former average in a moving average. */
const inertia = 0.9;

/** The moving average of the pseudo-Dice after a further epoch. @param before - undefined for the first one */
export function movingAverage(before: number | undefined, value: number): number {
  return before === undefined ? value : inertia * before + (1 - inertia) * value;
}
