import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { InputError, ShapeError } from "../../../errors.ts";
import { readJson } from "../../../files/read-json.ts";
import type { Mask } from "../../../image/index.ts";
import { scoresOf } from "../../../metrics/evaluate.ts";
import { mean } from "../../../metrics/index.ts";
import { readLabels } from "../../../scans/read-labels.ts";
import { reviewList, riskCoverage, type UncertaintyMeasure, uncertaintyMeasures } from "../../../uncertainty/index.ts";
import { csvText } from "../../text-table.ts";

const measure = z.number().nullable();

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
  truth: z.object({ dsc: z.number(), nsd: z.number(), surfaceNsd: z.number() }).nullable(),
});
export type ScoredCase = z.infer<typeof ScoredCase>;

/** Reads what an earlier run has found. @throws InputError when the file is damaged */
export async function readScores(file: string): Promise<ScoredCase> {
  const { data, error } = ScoredCase.safeParse(await readJson(file, InputError));
  if (data) return data;
  throw new InputError(`"${file}" does not hold the scores of an image: ${z.prettifyError(error)} Remove it, and run again.`);
}

/**
 * How right a mask is: any label of the true label map above 0 is foreground.
 *
 * @param labels - folder of the true label maps, named as the images; undefined: none are known
 * @returns null without a label map
 * @throws ShapeError when it has another size
 */
export async function truthOf(
  labels: string | undefined,
  { name, endings }: { readonly name: string; readonly endings: readonly string[] },
  mask: Mask,
): Promise<ScoredCase["truth"]> {
  const file = labels && endings.map((ending) => join(labels, name + ending)).find(existsSync);
  if (!file) return null;
  const { labels: map } = await readLabels(file);
  if (map.width !== mask.width || map.height !== mask.height)
    throw new ShapeError(
      `"${file}" has ${map.width} x ${map.height} pixels, the image ${mask.width} x ${mask.height}; they must be equal.`,
    );
  const truth = { width: map.width, height: map.height, data: Uint8Array.from(map.data, (label) => (label > 0 ? 1 : 0)) };
  const { dsc, nsd, surfaceNsd } = scoresOf({ name, truth, prediction: mask });
  return { dsc, nsd, surfaceNsd };
}

/** The score that current benchmarks find best at finding failures (Zenk et al. 2025, arXiv:2406.03323). */
const reviewedBy: UncertaintyMeasure = "pairwiseDice";

const measures = Object.keys(uncertaintyMeasures) as UncertaintyMeasure[];

/** A table of all images, in the order in which a person should look at them. */
export function scoresText(cases: readonly ScoredCase[]): string {
  const head = ["rank", "name", "areaPx", ...measures, "dsc", "nsd", "surfaceNsd"];
  const text = (value: number | null | undefined): string => (value === null || value === undefined ? "" : String(value));
  const rows = reviewList(cases, ({ scores }) => uncertaintyMeasures[reviewedBy](scores)).map(({ item, rank }) => {
    const { name, areaPx, scores, truth } = item;
    const numbers = measures.map((one) => text(scores[one]));
    return [String(rank), name, String(areaPx), ...numbers, text(truth?.dsc), text(truth?.nsd), text(truth?.surfaceNsd)];
  });
  return csvText([head, ...rows]);
}

/** How well each measure finds the failures among images with true labels: lines for the terminal, none without such images. */
export function failureLines(cases: readonly ScoredCase[]): string[] {
  const known = cases.flatMap(({ scores, truth }) => (truth ? [{ scores, truth }] : []));
  if (known.length === 0) return [];
  const risky = (one: UncertaintyMeasure) =>
    riskCoverage(
      known.map(({ scores, truth }) => ({
        uncertainty: uncertaintyMeasures[one](scores) ?? Number.POSITIVE_INFINITY,
        risk: 1 - truth.dsc,
      })),
    );
  return [
    `DSC ${mean(known.map(({ truth }) => truth.dsc)).toFixed(3)} on ${known.length} images with true labels; AURC of 1 - DSC by each score, lower is better:`,
    ...measures.map((one) => {
      const { aurc, eAurc, augrc } = risky(one);
      return `  ${one}: AURC ${aurc.toFixed(4)}, above the best order ${eAurc.toFixed(4)}, AUGRC ${augrc.toFixed(4)}`;
    }),
  ];
}
