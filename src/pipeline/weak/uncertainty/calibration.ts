import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { readJson } from "../../../files/read-json.ts";
import { type ClassMaps, probabilitiesOf } from "../../../image/index.ts";
import {
  addCalibration,
  type CalibrationSums,
  conformalRange,
  fitTemperature,
  logitsOf,
  predictedScore,
  type ScoredImage,
  splitConformal,
  startCalibration,
  uncertaintyMeasures,
  withTemperature,
} from "../../../uncertainty/index.ts";
import { reviewedBy, type ScoredCase } from "./scores.ts";
import type { JudgedRow } from "./truth.ts";

const list = z.array(z.number());

/** `calibration.json`: what was fitted on true masks. */
const Calibration = z.object({
  /** True masks that anything was fitted on. */
  masksUsed: z.number(),
  temperature: z
    .object({ temperature: z.number(), nllBefore: z.number(), nllAfter: z.number(), pixels: z.number(), isAtBound: z.boolean() })
    .nullable(),
  /** What predicts the DSC of an image from the score that reviews images, and how far it may be off. */
  dscRange: z
    .object({
      measure: z.enum([reviewedBy]),
      curve: z.object({ uncertainties: list, scores: list }),
      seed: z.number(),
      coverage: z.number(),
      /** True masks of the margin, and how many it needs; with fewer every range is [0, 1]. */
      images: z.number(),
      needed: z.number(),
      isTooSmall: z.boolean(),
      /** Null: any DSC is possible. */
      margin: z.number().nullable(),
    })
    .nullable(),
});
export type Calibration = z.infer<typeof Calibration>;

/** Without true masks to fit anything on. */
export const nothingFitted: Calibration = { masksUsed: 0, temperature: null, dscRange: null };

/** @throws InputError when the file is missing or damaged */
export async function readCalibration(file: string): Promise<Calibration> {
  const { data, error } = Calibration.safeParse(await readJson(file, InputError));
  if (data) return data;
  throw new InputError(`"${file}" does not hold a calibration: ${z.prettifyError(error)} Remove it, and run again.`);
}

/** A validation image: its judged pixels, its review score, and how right its mask is. */
export interface ValidationImage {
  readonly row: JudgedRow;
  readonly pairwiseDice: number | null;
  readonly dsc: number;
}

/**
 * Fits a temperature on the judged pixels of validation images, and the range of the DSC on their review scores. With one member there is no
 * review score, and so no range.
 *
 * @throws InputError for fewer than two images, and when none has a foreground
 */
export function fitCalibration(
  images: readonly ValidationImage[],
  { coverage, seed }: { readonly coverage: number; readonly seed: number },
): Calibration {
  if (images.length < 2)
    throw new InputError(
      `weak uncertainty: of the validation images ${images.length} can be used, at least 2 are needed. Have they labels of the same names?`,
    );
  const fitted = fitTemperature(images.map(({ row: { probabilities, truth } }) => ({ logits: logitsOf(probabilities), truth })));
  const scored = images.flatMap(({ pairwiseDice, dsc }) => (pairwiseDice === null ? [] : [{ uncertainty: 1 - pairwiseDice, score: dsc }]));
  return { masksUsed: images.length, temperature: fitted, dscRange: scored.length === 0 ? null : rangeOf(scored, coverage, seed) };
}

function rangeOf(scored: readonly ScoredImage[], coverage: number, seed: number): Calibration["dscRange"] {
  const { curve, margin } = splitConformal(scored, { coverage, seed });
  const { images, needed, isTooSmall } = margin;
  const { uncertainties, scores } = curve;
  return {
    measure: reviewedBy,
    curve: { uncertainties: [...uncertainties], scores: [...scores] },
    ...{ seed, coverage, images, needed, isTooSmall, margin: Number.isFinite(margin.margin) ? margin.margin : null },
  };
}

/** The DSC that is expected of an image, and its range; null where it cannot be told. */
export function dscRangeOf({ dscRange }: Calibration, scores: ScoredCase["scores"]): ScoredCase["dscRange"] {
  if (!dscRange) return null;
  const uncertainty = uncertaintyMeasures[dscRange.measure](scores);
  if (uncertainty === null) return null;
  const predicted = predictedScore(dscRange.curve, uncertainty);
  const margin = { ...dscRange, margin: dscRange.margin ?? Number.POSITIVE_INFINITY, side: "both" as const };
  return { predicted, ...conformalRange(margin, predicted) };
}

/** Probabilities with the fitted temperature; null without one. */
export function calibrated(maps: ClassMaps<"probabilities">, { temperature }: Calibration): ClassMaps<"probabilities"> | null {
  return temperature && probabilitiesOf(withTemperature(logitsOf(maps), temperature.temperature));
}

/** Sums of the judged pixels of an image for reliability, as they are, and with the temperature where one was fitted. */
export function sumsOf({ probabilities, truth }: JudgedRow, calibration: Calibration) {
  const sums = (maps: JudgedRow["probabilities"]): CalibrationSums => {
    const started = startCalibration();
    addCalibration(started, maps, truth);
    return started;
  };
  const after = calibrated(probabilities, calibration);
  return { before: sums(probabilities), after: after && sums(after) };
}
