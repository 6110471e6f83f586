import { keysOf } from "../../keys-of.ts";
import { listed } from "../../listed.ts";
import { type Evaluation, type ImageScores, type NoDistance, noDistances } from "../../metrics/evaluate.ts";
import { fewestForInterval, intervalText } from "../../metrics/index.ts";
import { type MetricName, metricNames, metricTable } from "../../metrics/metric-table.ts";
import { countOf } from "../../scans/names.ts";
import { alignedLines, csvText } from "../text-table.ts";
import type { EvaluateSettings } from "./settings.ts";

const penalised = ["hd95Penalised", "assdPenalised"] as const satisfies readonly MetricName[];
const plain = metricNames.filter((name) => !penalised.some((other) => other === name));

/** One row per image; volumes add their size in mm³. */
export function csvOf(images: readonly ImageScores[], { mode }: EvaluateSettings): string {
  const aborts = mode === "reference" ? (["aborts"] as const) : [];
  const sizes = images.some(({ volume }) => volume) ? (["truthMm3", "predMm3"] as const) : [];
  const columns = ["name", ...plain, "truthPx", "predPx", "missing", ...aborts, "noDistance", ...penalised, ...sizes] as const;
  return csvText([columns, ...images.map((image) => columns.map((column) => String(image[column] ?? "")))]);
}

/** The summary as a readable table, followed by notes on what the numbers leave out. */
export function tableOf({ images, summary, withoutDistance }: Evaluation, { spacing, tolerance }: EvaluateSettings): string[] {
  const inMm = images.filter((image) => (image.spacing ?? spacing) !== undefined).length;
  const unit = inMm === 0 && !(images.length === 0 && spacing) ? "px" : inMm === images.length ? "mm" : "mm or px";
  const titleOf = (name: MetricName) => {
    if (name === "surfaceNsd") return `NSD (contours, ${tolerance} ${unit})`;
    const { title, unit: kind } = metricTable[name];
    return kind === "distance" ? `${title} (${unit})` : title;
  };
  const text = (value: number | null) => (value === null ? "-" : value.toFixed(4));
  const isWhole = summary.hd95.n === images.length; // then the penalised rows would be the same
  const rows = (isWhole ? plain : metricNames).map((metric) => {
    const { mean, std, median, ci95, n } = summary[metric];
    return [titleOf(metric), text(mean), text(std), text(median), intervalText(ci95, n, text), String(n)];
  });
  const lines = alignedLines([["", "mean", "std", "median", "95 % interval", "n"], ...rows]);
  const missing = images.filter((image) => image.missing).map(({ name }) => name);
  const aborting = images.filter(({ aborts }) => aborts).map(({ name }) => name);
  const isFew = metricNames.some((metric) => summary[metric].n > 0 && summary[metric].n < fewestForInterval);
  return [
    ...lines,
    ...(isFew ? [`no interval of fewer than ${fewestForInterval} values`] : []),
    ...(isWhole ? [] : distanceLines(images.length, withoutDistance)),
    ...(aborting.length > 0 ? [`the released tool aborts on ${countOf(aborting.length, "pair")}: ${shortened(aborting)}`] : []),
    ...(missing.length > 0 ? [`${countOf(missing.length, "image")} without a prediction, counted as 0: ${shortened(missing)}`] : []),
  ];
}

function distanceLines(total: number, withoutDistance: Readonly<Record<NoDistance, number>>): string[] {
  const reasons = keysOf(noDistances).filter((reason) => withoutDistance[reason] > 0);
  const count = reasons.reduce((sum, reason) => sum + withoutDistance[reason], 0);
  const words = reasons.map((reason) => `${withoutDistance[reason]} ${noDistances[reason]}`);
  return [
    `${count} of ${countOf(total, "image")} have no distance and are left out of HD95 and ASSD: ${words.join(", ")}`,
    "the penalised rows count the image diagonal for false negatives and false positives, and 0 if both masks are empty",
  ];
}

/** The first few entries of a list. */
export function shortened(items: readonly string[]): string {
  return listed(items, 8);
}
