import { type EvaluationSummary, type ImageScores, type MetricName, metricNames } from "../../metrics/evaluate.ts";
import type { EvaluateSettings } from "./settings.ts";

/** One row an image; fields that hold a comma, a quote or a line break are quoted (RFC 4180). */
export function csvOf(images: readonly ImageScores[], { mode }: EvaluateSettings): string {
  const columns = ["name", ...metricNames, "truthPx", "predPx", "missing", ...(mode === "reference" ? (["aborts"] as const) : [])] as const;
  const rows = images.map((image) => columns.map((column) => quoted(String(image[column] ?? ""))).join(","));
  return [columns.join(","), ...rows].map((row) => `${row}\n`).join("");
}

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

/** The summary as a table for people. */
export function tableOf(images: readonly ImageScores[], summary: EvaluationSummary, { spacing, tolerance }: EvaluateSettings): string[] {
  const unit = spacing ? "mm" : "px";
  const titles: Record<MetricName, string> = {
    dsc: "DSC",
    iou: "IoU",
    nsd: "NSD (published form, 2 px)",
    surfaceNsd: `NSD (contours, ${tolerance} ${unit})`,
    hd95: `HD95 (${unit})`,
    assd: `ASSD (${unit})`,
  };
  const text = (value: number | null) => (value === null ? "-" : value.toFixed(4));
  const rows = metricNames.map((metric) => {
    const { mean, std, median, ci95, n } = summary[metric];
    return [titles[metric], text(mean), text(std), text(median), ci95 ? `${text(ci95[0])} to ${text(ci95[1])}` : "-", String(n)];
  });
  const all = [["", "mean", "std", "median", "95 % interval", "n"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "));
  const missing = images.filter((image) => image.missing).map(({ name }) => name);
  const aborting = images.filter(({ aborts }) => aborts).map(({ name }) => name);
  return [
    ...lines,
    ...(missing.length > 0 ? [`${count(missing.length, "image")} without a prediction, counted as 0: ${shortened(missing)}`] : []),
    ...(aborting.length > 0 ? [`the released tool aborts on ${count(aborting.length, "pair")}: ${shortened(aborting)}`] : []),
  ];
}

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** The first few of a list. */
export function shortened(items: readonly string[]): string {
  const shown = items.slice(0, 8).join(", ");
  return items.length > 8 ? `${shown} and ${items.length - 8} more` : shown;
}
