import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { readJsonIfPresent } from "../../../files/read-json.ts";
import { mean } from "../../../metrics/index.ts";
import {
  type CalibrationSums,
  calibrationOf,
  calibrationRadiusPx,
  joinedCalibration,
  type Calibration as Reliability,
  type RiskCoverage,
  riskCoverage,
  type UncertaintyMeasure,
  uncertaintyMeasures,
} from "../../../uncertainty/index.ts";
import { alignedLines } from "../../text-table.ts";
import { measures, type ScoredCase } from "./scores.ts";

/** What a failure is: by how much a score falls short of 1. */
const risks = ["dsc", "nsd", "surfaceNsd"] as const;
type Risk = (typeof risks)[number];

/** A risk in words. */
export const riskTitles = { dsc: "1 - DSC", nsd: "1 - NSD", surfaceNsd: "1 - surface NSD" } as const satisfies Record<Risk, string>;

/** `evaluation.json`: how right masks, probabilities and scores are, on the images with true labels. */
export interface UncertaintyEvaluation {
  /** Images with true labels. */
  readonly images: number;
  /** Mean of each score over them. */
  readonly means: Readonly<Record<Risk, number>>;
  /** In the pixels within a radius of the true foreground; null where no image has any. */
  readonly reliability: {
    readonly radiusPx: number;
    readonly before: Reliability;
    /** With the fitted temperature; null without one. */
    readonly after: Reliability | null;
  } | null;
  /** How well each score ranks the failures. */
  readonly failureDetection: Readonly<Record<Risk, Readonly<Record<UncertaintyMeasure, RiskCoverage>>>>;
}

/** What `evaluation.json` must at least have to be read. */
const Evaluation = z.looseObject({ images: z.number(), means: z.looseObject({}), failureDetection: z.looseObject({}) });

/** @returns undefined where no image has true labels. @throws InputError when the file is damaged */
export async function readEvaluation(file: string): Promise<UncertaintyEvaluation | undefined> {
  const found = await readJsonIfPresent(file, InputError);
  if (found === undefined) return undefined;
  const { data, error } = Evaluation.safeParse(found);
  if (data) return data as unknown as UncertaintyEvaluation;
  throw new InputError(`"${file}" does not hold an evaluation: ${z.prettifyError(error)} Remove it, and run again.`);
}

/** Compares images with their true labels; undefined where none has any. */
export function evaluationOf(cases: readonly ScoredCase[]): UncertaintyEvaluation | undefined {
  const known = cases.flatMap(({ scores, truth }) => (truth ? [{ scores, truth }] : []));
  if (known.length === 0) return undefined;
  const ranked = (risk: Risk, one: UncertaintyMeasure) =>
    riskCoverage(
      known.map(({ scores, truth }) => ({
        uncertainty: uncertaintyMeasures[one](scores) ?? Number.POSITIVE_INFINITY,
        risk: Math.max(0, 1 - truth[risk]),
      })),
    );
  const before = cases.flatMap(({ calibration }) => (calibration ? [calibration.before] : []));
  const after = cases.flatMap(({ calibration }) => (calibration?.after ? [calibration.after] : []));
  const ofPixels = judged(before);
  return {
    images: known.length,
    means: byKey(risks, (risk) => mean(known.map(({ truth }) => truth[risk]))),
    reliability: ofPixels && { radiusPx: calibrationRadiusPx, before: ofPixels, after: judged(after) },
    failureDetection: byKey(risks, (risk) => byKey(measures, (one) => ranked(risk, one))),
  };
}

function judged(sums: readonly CalibrationSums[]): Reliability | null {
  const joined = sums.length > 0 ? joinedCalibration(sums) : undefined;
  return joined && joined.pixels > 0 ? calibrationOf(joined) : null;
}

const byKey = <K extends string, V>(keys: readonly K[], of: (key: K) => V): Record<K, V> =>
  Object.fromEntries(keys.map((key) => [key, of(key)])) as Record<K, V>;

/** How well each score finds the failures, as a table whose first row names the columns. */
export function failureRows(evaluation: UncertaintyEvaluation): string[][] {
  return rowsOf(evaluation, risks);
}

function rowsOf({ failureDetection }: UncertaintyEvaluation, risks: readonly Risk[]): string[][] {
  const head = ["score", ...risks.flatMap((risk) => [`AURC of ${riskTitles[risk]}`, "above the best order", "AUGRC"])];
  const rows = measures.map((one) => {
    const numbers = risks.flatMap((risk) => {
      const { aurc, eAurc, augrc } = failureDetection[risk][one];
      return [aurc, eAurc, augrc];
    });
    return [one, ...numbers.map((value) => value.toFixed(4))];
  });
  return [head, ...rows];
}

/** The evaluation in lines for the terminal. */
export function evaluationLines(evaluation: UncertaintyEvaluation): string[] {
  const { images, means, reliability } = evaluation;
  const words = (calibration: Reliability) =>
    `calibration error ${calibration.ece.toFixed(4)}, Brier score ${calibration.brier.toFixed(4)}`;
  return [
    `DSC ${means.dsc.toFixed(3)}, NSD ${means.nsd.toFixed(3)}, surface NSD ${means.surfaceNsd.toFixed(3)} on ${images} images with true labels`,
    ...(reliability
      ? [
          `within ${reliability.radiusPx} px of the true foreground: ${words(reliability.before)}`,
          ...(reliability.after ? [`with the fitted temperature: ${words(reliability.after)}`] : []),
        ]
      : []),
    ...risks.flatMap((risk) => [
      `how well each score ranks the failures by ${riskTitles[risk]}, lower is better:`,
      ...alignedLines(rowsOf(evaluation, [risk])).map((line) => `  ${line}`),
    ]),
  ];
}
