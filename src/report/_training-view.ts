import type { TrainingFile } from "../pipeline/training/record.ts";
import { type EpochLine, metricOf, shownMetric } from "../train/index.ts";
import type { Chart, ChartLine } from "./line-chart.ts";

/** Readable on a light ground and on a dark one, and told apart by those who see no red or green. */
export const colours = { first: "#2f7ed8", second: "#e08214", third: "#3a9d6f", faint: "#8896a8" } as const;

export interface TitledChart extends Chart {
  readonly title: string;
}

/** What held-out data say over the epochs: one chart for metrics that belong together, from 0. */
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

/** What the counts of `run.json` are called; where they are counts by name, this stands before the name. */
const countTitles: Readonly<Record<string, string>> = {
  train: "to train on",
  validation: "held out",
  trainImages: "images to train on",
  validationImages: "images held out",
  shared: "held-out images that are trained on, too",
  truncated: "captions cut to the context",
  dropped: "not used",
  outlines: "outlines",
  groups: "to train on",
  coarse: "masks with a coarse mask",
  empty: "empty masks, not used",
  unused: "masks not used",
  unmatched: "images without a mask",
  unmatchedMasks: "masks without an image",
};

/** How many of what was trained on, held out and left out. */
export function countRows({ counts, failed, stepsPerEpoch }: TrainingFile): string[][] {
  const rows = Object.entries(counts).flatMap(([key, count]) => rowsOf(countTitles[key] ?? key, count));
  return [["data", "number"], ...rows, ["files that cannot be used", `${failed.length}`], ["steps an epoch", `${stepsPerEpoch}`]];
}

function rowsOf(title: string, count: unknown): string[][] {
  if (typeof count !== "object" || count === null) return [[title, `${count}`]];
  return Object.entries(count).flatMap(([name, part]) => rowsOf(`${title}: ${name}`, part));
}
