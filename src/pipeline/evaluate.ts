import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../atomic-write.ts";
import { CancelledError, InputError, MedclipSamError } from "../errors.ts";
import { readGray } from "../formats/gray.ts";
import { type GrayImage, type Mask, opencvNearest } from "../image/index.ts";
import { nsd } from "../metrics/nsd.ts";
import { overlap } from "../metrics/overlap.ts";
import { releasedScores } from "../metrics/released.ts";
import { bootstrapMean, mean, median, std } from "../metrics/statistics.ts";
import { surfaceMetrics } from "../metrics/surface-distance.ts";
import type { RunEvent } from "../run/events.ts";
import { type LeftOut, leftOutMessage } from "../scans/left-out.ts";
import { type ImageInput, listImages } from "../scans/list-images.ts";
import { type EvaluateSettings, type Mode, modePresets } from "./settings.ts";

/** The metrics of a pair, as fractions or distances. */
const metricNames = ["dsc", "iou", "nsd", "surfaceNsd", "hd95", "assd"] as const;
type MetricName = (typeof metricNames)[number];

/** A predicted mask with its truth, as their files hold them. */
export interface EvaluationPair {
  readonly name: string;
  readonly truth: GrayImage;
  /** Absent when there is none that can be read; `reason` then says why. */
  readonly prediction?: GrayImage | undefined;
  readonly reason?: string | undefined;
}

/** How pairs are compared. */
export interface EvaluationOptions {
  /** `reference` binarises at > 200 as the released tool does, and names the pairs on which it aborts. Default: paper, > 127. */
  readonly mode?: Mode | undefined;
  /** Of `surfaceNsd`, in the unit of the spacing; default 2. `nsd` is always that of the released tool, 2 pixels. */
  readonly tolerance?: number | undefined;
  /** Length of a pixel [row, column], in millimetres; default [1, 1], pixels. */
  readonly spacing?: readonly [number, number] | undefined;
  /** Of the bootstrap intervals; default 42. */
  readonly seed?: number | undefined;
}

/** The scores of one pair; null stands for a distance that does not exist because a mask is empty. */
export interface ImageScores extends Readonly<Record<MetricName, number | null>> {
  readonly name: string;
  readonly dsc: number;
  readonly iou: number;
  /** The published (area) form; `surfaceNsd` is the one of contours. */
  readonly nsd: number;
  readonly surfaceNsd: number;
  readonly truthPx: number;
  readonly predPx: number;
  /** There was no prediction, so overlaps count as 0. */
  readonly missing: boolean;
  /** Why a prediction that is there counts as missing. */
  readonly reason?: string;
  /** In reference mode: whether the released tool stops on this pair. */
  readonly aborts?: boolean;
  readonly warnings: readonly string[];
}

/** A metric over all images that have it; null where there are too few. */
interface MetricSummary {
  readonly mean: number | null;
  /** With n - 1. */
  readonly std: number | null;
  /** Images with a finite value. */
  readonly n: number;
  readonly median: number | null;
  /** Percentile bootstrap interval of the mean; the stream is named after the metric. */
  readonly ci95: readonly [number, number] | null;
}
export type EvaluationSummary = Readonly<Record<MetricName, MetricSummary>>;

/**
 * Compares predicted masks with the truth.
 *
 * A prediction of another size is resized by nearest neighbour; one that is missing counts as 0 overlap; two empty masks agree (1).
 *
 * @example const { summary } = evaluate([{ name: "case-01", truth, prediction }], { spacing: [0.4, 0.4] });
 */
export function evaluate(
  pairs: readonly EvaluationPair[],
  options: EvaluationOptions = {},
): { images: ImageScores[]; summary: EvaluationSummary } {
  const images = pairs.map((pair) => scoresOf(pair, options));
  return { images, summary: summarise(images, options) };
}

/** The scores of one pair. */
function scoresOf({ name, truth, prediction, reason }: EvaluationPair, options: EvaluationOptions = {}): ImageScores {
  const { foregroundAbove } = modePresets[options.mode ?? "paper"];
  const target = binarised(truth, foregroundAbove);
  if (!prediction) {
    const { truthPx } = overlap(target, target);
    const nothing = { dsc: 0, iou: 0, nsd: 0, surfaceNsd: 0, hd95: null, assd: null, truthPx, predPx: 0, missing: true };
    return { name, ...nothing, ...(reason !== undefined && { reason }), warnings: [] };
  }
  const fits = prediction.width === truth.width && prediction.height === truth.height;
  const resized = fits ? prediction : opencvNearest(prediction, truth);
  const mask = binarised(resized, foregroundAbove);
  const { maskPx, truthPx, sharedPx } = overlap(mask, target);
  const both = maskPx + truthPx;
  const surface = surfaceMetrics(mask, target, options);
  return {
    name,
    dsc: both === 0 ? 1 : (2 * sharedPx) / both,
    iou: both === 0 ? 1 : sharedPx / (both - sharedPx),
    nsd: nsd(mask, target),
    surfaceNsd: surface.nsd,
    hd95: finite(surface.hd95),
    assd: finite(surface.assd),
    truthPx,
    predPx: maskPx,
    missing: false,
    ...(options.mode === "reference" && { aborts: releasedScores(resized, truth).outcome === "aborts" }),
    warnings: fits
      ? []
      : [
          `the prediction has ${prediction.width} x ${prediction.height} pixels and was resized to the ${truth.width} x ${truth.height} of the truth`,
        ],
  };
}

/** Each metric over the images that have it. */
function summarise(images: readonly ImageScores[], options: EvaluationOptions = {}): EvaluationSummary {
  const entries = metricNames.map((metric): [MetricName, MetricSummary] => {
    const values = images.map((image) => image[metric]).filter((value) => value !== null);
    const interval = values.length > 0 ? bootstrapMean(values, { name: metric, seed: options.seed ?? 42 }) : null;
    return [
      metric,
      { mean: finite(mean(values)), std: finite(std(values)), n: values.length, median: finite(median(values)), ci95: interval },
    ];
  });
  return Object.fromEntries(entries) as Record<MetricName, MetricSummary>;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function binarised({ width, height, data }: GrayImage, above: number): Mask {
  const mask = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) mask[i] = data[i]! > above ? 1 : 0;
  return { width, height, data: mask };
}

/**
 * `medclip-sam evaluate`: compares a folder of masks with a folder of true ones, by name.
 *
 * Every true mask counts. One that cannot be read is a failure; a prediction that cannot be read is one, too, and counts as missing.
 *
 * @throws InputError when there is nothing to compare with
 */
export async function* runEvaluate(
  settings: EvaluateSettings,
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const truths = await listImages([settings.truth]);
  const { inputs } = truths;
  if (inputs.length === 0) throw new InputError(`--truth: "${settings.truth}" holds no images to compare with`);
  const folder = predictionFolder(settings.pred, inputs);
  const predicted = await listImages([folder]);
  yield { type: "start", command: "evaluate", total: inputs.length, done: 0 };
  yield* warningsOf("--truth", truths.leftOut);
  yield* warningsOf("--pred", predicted.leftOut);
  const predictions = new Map(predicted.inputs.map(({ name, file }) => [name, file]));
  const names = new Set(inputs.map(({ name }) => name));
  const surplus = predicted.inputs.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (surplus.length > 0)
    yield { type: "warning", message: `${count(surplus.length, "prediction")} in "${folder}" without truth: ${shortened(surplus)}` };

  const images: ImageScores[] = [];
  let failed = 0;
  // The next pair is read while this one is compared.
  let next = readPair(inputs[0]!, predictions);
  for (let i = 0; i < inputs.length; i++) {
    const started = performance.now();
    const { pair, failures } = await next;
    if (i + 1 < inputs.length) next = readPair(inputs[i + 1]!, predictions);
    if (signal?.aborted) {
      await next;
      throw new CancelledError();
    }
    const { name } = inputs[i]!;
    if (failures.length > 0) failed++;
    for (const { message, code } of failures) yield { type: "failure", name, message, code };
    if (!pair) continue;
    const scores = scoresOf(pair, settings);
    images.push(scores);
    if (failures.length > 0) continue;
    const warnings = scores.missing ? [`no prediction in "${folder}"; it counts as 0`] : scores.warnings;
    const summary = `DSC ${scores.dsc.toFixed(4)}`;
    yield { type: "item", name, ms: Math.round(performance.now() - started), warnings, summary };
  }

  const summary = summarise(images, settings);
  if (settings.csv !== undefined) await writeAtomic(settings.csv, csvOf(images, settings));
  if (settings.json !== undefined) await writeAtomic(settings.json, `${JSON.stringify({ images, summary, settings }, null, 1)}\n`);
  yield {
    type: "end",
    done: inputs.length - failed,
    skipped: 0,
    failed,
    ms: Math.round(performance.now() - begun),
    lines: tableOf(images, summary, settings),
  };
}

/** The folder that `segment` wrote holds its masks in a sub-folder, unless the truth has that sub-folder, too. */
function predictionFolder(pred: string, truths: readonly ImageInput[]): string {
  const masks = join(pred, "masks");
  const isResult = existsSync(masks) && statSync(masks).isDirectory() && !truths.some(({ name }) => name.startsWith("masks/"));
  return isResult ? masks : pred;
}

function* warningsOf(flag: string, leftOut: readonly LeftOut[]): Generator<RunEvent> {
  const message = leftOutMessage(leftOut);
  if (message !== undefined) yield { type: "warning", message: `${flag}: ${message}` };
}

interface Failure {
  readonly message: string;
  readonly code: MedclipSamError["code"];
}

async function readPair(
  truth: ImageInput,
  predictions: ReadonlyMap<string, string>,
): Promise<{ pair?: EvaluationPair; failures: Failure[] }> {
  const file = predictions.get(truth.name);
  const [target, prediction] = await Promise.all([attempt(truth.file), file === undefined ? undefined : attempt(file)]);
  if ("message" in target) return { failures: [target] };
  if (!prediction) return { pair: { name: truth.name, truth: target }, failures: [] };
  if ("message" in prediction) return { pair: { name: truth.name, truth: target, reason: prediction.message }, failures: [prediction] };
  return { pair: { name: truth.name, truth: target, prediction }, failures: [] };
}

async function attempt(file: string): Promise<GrayImage | Failure> {
  try {
    return await readGray(file);
  } catch (error) {
    if (error instanceof MedclipSamError) return { message: error.message, code: error.code };
    throw error;
  }
}

/** One row an image; fields that hold a comma, a quote or a line break are quoted (RFC 4180). */
function csvOf(images: readonly ImageScores[], { mode }: EvaluateSettings): string {
  const columns = ["name", ...metricNames, "truthPx", "predPx", "missing", ...(mode === "reference" ? (["aborts"] as const) : [])] as const;
  const rows = images.map((image) => columns.map((column) => quoted(String(image[column] ?? ""))).join(","));
  return [columns.join(","), ...rows].map((row) => `${row}\n`).join("");
}

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

/** The summary as a table for people. */
function tableOf(images: readonly ImageScores[], summary: EvaluationSummary, { spacing, tolerance }: EvaluateSettings): string[] {
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

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** The first few of a list. */
function shortened(items: readonly string[]): string {
  const shown = items.slice(0, 8).join(", ");
  return items.length > 8 ? `${shown} and ${items.length - 8} more` : shown;
}
