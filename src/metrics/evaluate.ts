import { type GrayImage, type Mask, opencvNearest } from "../image/index.ts";
import { nsd } from "./nsd.ts";
import { overlap } from "./overlap.ts";
import { releasedScores, releasedThreshold } from "./released.ts";
import { bootstrapMean, mean, median, std } from "./statistics.ts";
import { surfaceMetrics } from "./surface-distance.ts";

/** The metrics of a pair, as fractions or distances. */
export const metricNames = ["dsc", "iou", "nsd", "surfaceNsd", "hd95", "assd"] as const;
export type MetricName = (typeof metricNames)[number];

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
  readonly mode?: "paper" | "reference" | undefined;
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
export function scoresOf({ name, truth, prediction, reason }: EvaluationPair, options: EvaluationOptions = {}): ImageScores {
  const foregroundAbove = options.mode === "reference" ? releasedThreshold : 127;
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
export function summarise(images: readonly ImageScores[], options: EvaluationOptions = {}): EvaluationSummary {
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
