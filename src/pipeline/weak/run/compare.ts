import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { readJson } from "../../../files/read-json.ts";
import type { Mask } from "../../../image/index.ts";
import { type Evaluation, evaluationOf, type ImageScores, scoresOf } from "../../../metrics/evaluate.ts";
import { intervalText, mean } from "../../../metrics/index.ts";
import { metricTable } from "../../../metrics/metric-table.ts";
import { readLabels } from "../../../scans/read-labels.ts";
import { readMask } from "../../../scans/read-mask.ts";
import type { FlatImage } from "../pseudo-label/names.ts";
import type { TrueMasks } from "./images.ts";

/** A method whose masks are compared. */
export interface Compared {
  readonly name: string;
  readonly fileOf: (image: FlatImage) => string;
  /** What the files hold: masks (0, 255), or label values. */
  readonly holds: "masks" | "labels";
}

/** Scores of a method on the images with true masks. */
export interface MethodScores {
  readonly name: string;
  readonly evaluation: Evaluation;
}

/** `results.json`: the methods, and what their settings were chosen on. */
export interface Comparison {
  /** Number of true masks that settings were chosen on. */
  readonly masksUsed: number;
  readonly methods: readonly MethodScores[];
}

/** Scores of each method on the same images. Any label above 0 is foreground; a missing mask counts as 0. Bootstrap intervals over images. */
export async function compareMethods(
  images: readonly FlatImage[],
  truth: TrueMasks,
  methods: readonly Compared[],
): Promise<MethodScores[]> {
  const scores = new Map<string, ImageScores[]>(methods.map(({ name }) => [name, []]));
  for (const image of images) {
    const mask = await truth.of(image);
    if (!mask) continue;
    for (const { name, fileOf, holds } of methods) {
      const file = fileOf(image);
      const prediction = existsSync(file) ? await maskAt(file, holds) : undefined;
      scores.get(name)!.push(scoresOf({ name: image.name, truth: mask, prediction, reason: "no mask was made" }));
    }
  }
  return methods.map(({ name }) => ({ name, evaluation: evaluationOf(scores.get(name)!) }));
}

async function maskAt(file: string, holds: Compared["holds"]): Promise<Mask> {
  if (holds === "masks") return (await readMask(file)).mask;
  const { labels } = await readLabels(file);
  const { width, height } = labels;
  return { width, height, data: Uint8Array.from(labels.data, (label) => (label > 0 ? 1 : 0)) };
}

const comparisonFile = (out: string): string => join(out, "results.json");

export async function writeComparison(out: string, comparison: Comparison): Promise<void> {
  await writeAtomic(comparisonFile(out), `${JSON.stringify(comparison, null, 1)}\n`);
}

/** The comparison of an earlier run; undefined where none was made. */
export async function readComparison(out: string): Promise<Comparison | undefined> {
  const file = comparisonFile(out);
  return existsSync(file) ? ((await readJson(file, InputError)) as Comparison) : undefined;
}

/** Rows of text: means with 95 % intervals over all images, "-" where these are too few; where some show no target, also how many masks of these are empty, and the DSC of the others. */
export function comparisonRows({ methods }: Comparison): string[][] {
  const cell = (scores: Evaluation, metric: "dsc" | "nsd" | "surfaceNsd"): string => {
    const { mean, ci95, n } = scores.summary[metric];
    return mean === null ? "-" : `${mean.toFixed(3)} (${intervalText(ci95, n, (value) => value.toFixed(3))})`;
  };
  const hasAbsent = methods.some(({ evaluation }) => evaluation.images.some(({ truthPx }) => truthPx === 0));
  return [
    [
      "method",
      "n",
      metricTable.dsc.title,
      metricTable.nsd.title,
      metricTable.surfaceNsd.title,
      ...(hasAbsent ? ["DSC where there is a target", "empty where there is none"] : []),
    ],
    ...methods.map(({ name, evaluation }) => [
      name,
      String(evaluation.images.length),
      cell(evaluation, "dsc"),
      cell(evaluation, "nsd"),
      cell(evaluation, "surfaceNsd"),
      ...(hasAbsent ? byPresence(evaluation.images) : []),
    ]),
  ];
}

/** Says so where the network is worse than the masks that it was trained on. */
export function verdictOf({ methods }: Comparison): string | undefined {
  const dscOf = (name: string) => methods.find((method) => method.name === name)?.evaluation.summary.dsc.mean ?? undefined;
  const [zeroShot, ensemble] = [dscOf("zero-shot"), dscOf("ensemble")];
  if (zeroShot === undefined || ensemble === undefined || ensemble >= zeroShot) return undefined;
  return `The trained network does not beat the masks that it learned from (DSC ${ensemble.toFixed(3)} against ${zeroShot.toFixed(3)}). A longer training, more images or a stricter gate may help.`;
}

function byPresence(images: readonly ImageScores[]): [shown: string, absent: string] {
  const shown = images.filter(({ truthPx }) => truthPx > 0);
  const absent = images.filter(({ truthPx }) => truthPx === 0);
  const dsc = shown.length === 0 ? "-" : `${mean(shown.map(({ dsc }) => dsc)).toFixed(3)} (n = ${shown.length})`;
  return [dsc, `${absent.filter(({ predPx }) => predPx === 0).length} of ${absent.length}`];
}
