import type { TrainingFile } from "../pipeline/training/record.ts";
import { type EpochLine, metricOf, shownMetric } from "../train/index.ts";
import { colours, type TitledChart } from "./_figure.ts";
import type { ChartLine } from "./line-chart.ts";

/** Validation scores over the epochs: one chart per group of metrics, with axes from 0. */
export function scoreCharts(epochs: readonly EpochLine[]): TitledChart[] {
  const charts = new Map<string, { readonly axis: string; readonly lines: ChartLine[] }>();
  for (const name of Object.keys(epochs[0]?.metrics ?? {})) {
    const { chart } = metricOf(name);
    if (!chart) continue;
    const { lines } = charts.get(chart.title) ?? { lines: [] as ChartLine[] };
    charts.set(chart.title, { axis: chart.axis, lines });
    const colour = [colours.first, colours.second, colours.third][lines.length] ?? colours.faint;
    lines.push({ name: chart.label, points: epochs.map(({ epoch, metrics }) => ({ x: epoch, y: metrics[name]! })), colour, marked: true });
  }
  return [...charts].map(([title, { axis, lines }]) => ({ title, x: "epoch", y: axis, lines, fromZero: true }));
}

/** The epochs as a table, whose first row names the columns; a star marks the best so far. */
export function epochRows(epochs: readonly EpochLine[], chosenBy: string): string[][] {
  const names = Object.keys(epochs[0]?.metrics ?? {});
  const rows = epochs.map(({ epoch, step, metrics, isBest }) => [
    epoch === 0 ? "before" : `${epoch}`,
    `${step}`,
    ...names.map((name) => `${shownMetric(name, metrics[name]!)}${isBest && name === chosenBy ? " *" : ""}`),
  ]);
  return [["epoch", "steps", ...names.map((name) => metricOf(name).title)], ...rows];
}

/** Titles of the counts of `run.json`; for counts by name, a prefix of the name. */
const countTitles: Readonly<Record<string, string>> = {
  train: "training set",
  validation: "validation set",
  trainImages: "training images",
  validationImages: "validation images",
  shared: "images in both training and validation set",
  truncated: "captions truncated to the context",
  dropped: "not used",
  outlines: "outlines",
  groups: "training set",
  coarse: "masks with a coarse mask",
  empty: "empty masks, not used",
  unused: "masks not used",
  unmatched: "images without a mask",
  unmatchedMasks: "masks without an image",
};

/** Sizes of the training and validation sets, and numbers of unused items. */
export function countRows({ counts, failed, stepsPerEpoch }: TrainingFile): string[][] {
  const rows = Object.entries(counts).flatMap(([key, count]) => rowsOf(countTitles[key] ?? key, count));
  return [["data", "number"], ...rows, ["files that cannot be used", `${failed.length}`], ["steps an epoch", `${stepsPerEpoch}`]];
}

function rowsOf(title: string, count: unknown): string[][] {
  if (typeof count !== "object" || count === null) return [[title, `${count}`]];
  return Object.entries(count).flatMap(([name, part]) => rowsOf(`${title}: ${name}`, part));
}
