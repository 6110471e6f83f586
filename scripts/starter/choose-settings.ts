/** Chooses the settings of the starter pack on images that no training saw: the calibration part of the training split. */

import type { SegmentOptions, ZeroShotModel } from "../../src/index.ts";
import { mean } from "../../src/metrics/index.ts";
import { type Measured, measure } from "./measure.ts";
import type { MeasuredSet } from "./questions.ts";

/** The chosen settings, and on what they were chosen. */
export interface ChosenSettings {
  readonly settings: { readonly presence: number; readonly threshold: number; readonly keep: number };
  /** Images and sentences of the calibration part. */
  readonly images: number;
  readonly sentences: number;
  /** Shares at the chosen presence, means of the sets: maps of what is there that reach it, and of what is not, or is cropped out, that stay below. */
  readonly kept: number;
  readonly emptied: number;
  readonly croppedEmptied: number;
  /** Mean DSC of the coarse masks by threshold and by number of components, means of the sets. */
  readonly thresholds: Readonly<Record<string, number>>;
  readonly keeps: Readonly<Record<string, number>>;
}

const thresholds = [0.35, 0.5, 0.65];
const keeps = [1, 4, 100];
const presences = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/** Each set has the same weight, whatever its number of images. */
export async function chooseSettings(model: ZeroShotModel, sets: readonly MeasuredSet[], options: SegmentOptions): Promise<ChosenSettings> {
  const measured = async (of: readonly MeasuredSet[], given: SegmentOptions): Promise<Measured[][]> => {
    const rows: Measured[][] = [];
    for (const set of of) rows.push(await measure(model, set, { ...options, presence: 0, ...given }));
    return rows;
  };
  const shown = sets.map(
    (set): MeasuredSet => ({ ...set, absent: [], questions: set.questions.map((one) => ({ ...one, sentences: [one.sentences[0]] })) }),
  );
  const coarseDsc = async (given: SegmentOptions) => meanOf(await measured(shown, given), (row) => row.coarseDsc);
  const byThreshold = new Map<number, number>();
  for (const threshold of thresholds) byThreshold.set(threshold, await coarseDsc({ threshold }));
  const threshold = best(thresholds, (value) => byThreshold.get(value)!);
  const byKeep = new Map<number, number>();
  for (const keep of keeps) byKeep.set(keep, await coarseDsc({ threshold, keep }));
  const keep = best(keeps, (value) => byKeep.get(value)!);
  const rows = await measured(sets, { threshold, keep });
  const share = (kind: Measured["kind"], holds: (peak: number) => boolean) =>
    meanOf(rows, (row) => (row.kind === kind ? Number(holds(row.peak)) : undefined));
  const kept = (presence: number) => share("present", (peak) => peak >= presence);
  const emptied = (presence: number) => share("absent", (peak) => peak < presence);
  const croppedEmptied = (presence: number) => share("cropped", (peak) => peak < presence);
  const presence = best(presences, (value) => kept(value) + (emptied(value) + croppedEmptied(value)) / 2);
  return {
    settings: { presence, threshold, keep },
    images: sets.reduce((sum, { images }) => sum + images.length, 0),
    sentences: rows.flat().length,
    ...{ kept: kept(presence), emptied: emptied(presence), croppedEmptied: croppedEmptied(presence) },
    ...{ thresholds: Object.fromEntries(byThreshold), keeps: Object.fromEntries(byKeep) },
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
