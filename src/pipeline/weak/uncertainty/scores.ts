import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { readJson } from "../../../files/read-json.ts";
import {
  type CalibrationClaim,
  type ReviewItem,
  reviewList,
  type UncertaintyMeasure,
  uncertaintyMeasures,
} from "../../../uncertainty/index.ts";
import { csvText } from "../../text-table.ts";

const measure = z.number().nullable();
const sums = z.array(z.number()).transform((values): Float64Array => Float64Array.from(values));

const Sums = z.object({
  claim: z.enum(["confidence", "foreground"] satisfies CalibrationClaim[]),
  pixels: z.number(),
  ...{ counts: sums, probabilities: sums, holding: sums },
  ...{ brier: z.number(), nll: z.number() },
});

/** `scores/NAME.json`: what an ensemble says about an image, and how right it is. */
const ScoredCase = z.object({
  name: z.string(),
  areaPx: z.number(),
  scores: z.object({
    edgeScore: z.number(),
    meanEntropy: z.number(),
    foregroundEntropy: measure,
    meanMutualInformation: z.number(),
    pairwiseDice: measure,
  }),
  /** The DSC that is expected, and its range; null without validation images. */
  dscRange: z.object({ predicted: z.number(), low: z.number(), high: z.number() }).nullable(),
  truth: z.object({ dsc: z.number(), nsd: z.number(), surfaceNsd: z.number() }).nullable(),
  /** Sums of the judged pixels for reliability; null without a true label map. */
  calibration: z.object({ before: Sums, after: Sums.nullable() }).nullable(),
});
export type ScoredCase = z.infer<typeof ScoredCase>;

/** A scored image as it is stored. */
export const scoredText = (scored: ScoredCase): string =>
  `${JSON.stringify(scored, (_, value: unknown) => (value instanceof Float64Array ? [...value] : value))}\n`;

/** Reads what an earlier run has found. @throws InputError when the file is damaged */
export async function readScores(file: string): Promise<ScoredCase> {
  const { data, error } = ScoredCase.safeParse(await readJson(file, InputError));
  if (data) return data;
  throw new InputError(`"${file}" does not hold the scores of an image: ${z.prettifyError(error)} Remove it, and run again.`);
}

/** The score that current benchmarks find best at finding failures (Zenk et al. 2025, arXiv:2406.03323). */
export const reviewedBy = "pairwiseDice" satisfies UncertaintyMeasure;

/** All scores, that of the review list first. */
export const measures = Object.keys(uncertaintyMeasures) as UncertaintyMeasure[];

/** Images in the order in which a person should look at them. */
export const inReviewOrder = <T extends ScoredCase>(cases: readonly T[]): ReviewItem<T>[] =>
  reviewList(cases, ({ scores }) => uncertaintyMeasures[reviewedBy](scores));

/** A table of all images, in the order in which a person should look at them. */
export function scoresText(cases: readonly ScoredCase[]): string {
  const head = ["rank", "name", "areaPx", ...measures, "predictedDsc", "dscLow", "dscHigh", "dsc", "nsd", "surfaceNsd"];
  const text = (value: number | null | undefined): string => (value === null || value === undefined ? "" : String(value));
  const rows = inReviewOrder(cases).map(({ item, rank }) => {
    const { name, areaPx, scores, dscRange, truth } = item;
    const range = [dscRange?.predicted, dscRange?.low, dscRange?.high];
    const numbers = [...measures.map((one) => scores[one]), ...range, truth?.dsc, truth?.nsd, truth?.surfaceNsd];
    return [String(rank), name, String(areaPx), ...numbers.map(text)];
  });
  return csvText([head, ...rows]);
}
