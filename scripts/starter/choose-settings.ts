/** Chooses the settings of the starter pack on images that no training saw: the calibration part of the training split. */

import type { SegmentOptions, ZeroShotModel } from "../../src/index.ts";
import { mean } from "../../src/metrics/index.ts";
import { type Measured, measure } from "./measure.ts";
import type { MeasuredSet } from "./questions.ts";

/** The chosen settings, and on what they were chosen. */
export interface ChosenSettings {
  readonly settings: { readonly presence: number; readonly threshold: number };
  /** Images and sentences of the calibration part. */
  readonly images: number;
  readonly sentences: number;
  /** Shares at the chosen presence, means of the sets: maps of what is there that reach it, and of what is not that stay below. */
  readonly kept: number;
  readonly emptied: number;
  /** Mean DSC of the coarse masks by threshold, mean of the sets. */
  readonly coarse: Readonly<Record<string, number>>;
}

const thresholds = [0.3, 0.4, 0.5, 0.6, 0.7];
const presences = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/** Each set has the same weight, whatever its number of images. */
export async function chooseSettings(model: ZeroShotModel, sets: readonly MeasuredSet[], options: SegmentOptions): Promise<ChosenSettings> {
  const coarse: Record<string, number> = {};
  let rows: Measured[][] = [];
  for (const threshold of thresholds) {
    rows = [];
    for (const set of sets) rows.push(await measure(model, set, { ...options, threshold, presence: 0 }));
    coarse[threshold] = meanOf(rows, (row) => row.coarseDsc);
  }
  const threshold = best(thresholds, (value) => coarse[value]!);
  const kept = (presence: number) => meanOf(rows, ({ kind, peak }) => (kind === "present" ? Number(peak >= presence) : undefined));
  const emptied = (presence: number) => meanOf(rows, ({ kind, peak }) => (kind === "present" ? undefined : Number(peak < presence)));
  const presence = best(presences, (value) => kept(value) + emptied(value));
  return {
    settings: { presence, threshold },
    images: sets.reduce((sum, { images }) => sum + images.length, 0),
    sentences: rows.flat().length,
    ...{ kept: kept(presence), emptied: emptied(presence), coarse },
  };
}

/** Mean over the sets of their mean over the rows that have a value; sets without any are left out. */
function meanOf(sets: readonly (readonly Measured[])[], value: (row: Measured) => number | undefined): number {
  return mean(
    sets.flatMap((rows) => {
      const values = rows.flatMap((row) => value(row) ?? []);
      return values.length === 0 ? [] : [mean(values)];
    }),
  );
}

const best = (values: readonly number[], score: (value: number) => number): number =>
  values.reduce((a, b) => (score(b) > score(a) ? b : a));
