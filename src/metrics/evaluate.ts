import { z } from "zod";
import { described } from "../check/described.ts";
import { checkedOptions } from "../check/options.ts";
import { checkedGray } from "../check/pictures.ts";
import { checkedList } from "../check/prompts.ts";
import { ConfigError, InputError } from "../errors.ts";
import { dscOf, type GrayImage, iouOf, type Mask, type Overlap, opencvNearest, overlap } from "../image/index.ts";
import { keysOf } from "../keys-of.ts";
import { type MaskReading, maskOf } from "../scans/mask-rule.ts";
import type { SurfaceMetrics } from "./_surface-summary.ts";
import { type MetricName, metricNames } from "./metric-table.ts";
import { nsd } from "./nsd.ts";
import { releasedAborts, releasedMask } from "./released.ts";
import { bootstrapMean, mean, median, std } from "./statistics.ts";
import { surfaceMetrics } from "./surface-distance.ts";

/** A predicted mask with its ground truth, as one-channel images: 0 and 1, 0 and 255, or anything that `maskOf` reads as a mask. */
export interface EvaluationPair {
  readonly name: string;
  readonly truth: GrayImage;
  /** Absent when there is none that can be read; `reason` then says why. */
  readonly prediction?: GrayImage | undefined;
  readonly reason?: string | undefined;
}

/** The same, of masks whose values are 0 and 1. */
export interface MaskPair extends EvaluationPair {
  readonly truth: Mask;
  readonly prediction?: Mask | undefined;
  /** Millimetres between [rows, columns] that the file of the truth tells; it goes before that of the options. */
  readonly spacing?: readonly [row: number, column: number] | undefined;
  /** Warnings about earlier guesses, passed on to the result. */
  readonly warnings?: readonly string[] | undefined;
}

/** How pairs are compared. */
export interface EvaluationOptions {
  /** `reference` binarises at > 200 as the released tool does, and names the pairs on which it aborts. Default: paper, the rule of `maskOf`. */
  readonly mode?: "paper" | "reference" | undefined;
  /** Of label images: the value that is foreground; not in reference mode. */
  readonly label?: number | undefined;
  /** Of `surfaceNsd`, in the unit of the spacing; default 2. `nsd` is always that of the released tool, 2 pixels. */
  readonly tolerance?: number | undefined;
  /** Length of a pixel [row, column], in millimetres; default [1, 1], pixels. */
  readonly spacing?: readonly [number, number] | undefined;
  /** Of the bootstrap intervals; default 42. */
  readonly seed?: number | undefined;
}

/** Why contours of a pair have no distance. */
export const noDistances = {
  missing: "prediction missing",
  predictionEmpty: "prediction empty",
  truthEmpty: "truth empty",
  bothEmpty: "both empty",
} as const;
export type NoDistance = keyof typeof noDistances;

/** The scores of one pair; null stands for a distance that does not exist because a mask is empty. */
export interface ImageScores extends Readonly<Record<MetricName, number | null>> {
  readonly name: string;
  readonly dsc: number;
  readonly iou: number;
  /** The published (area) form; `surfaceNsd` is the one of contours. */
  readonly nsd: number;
  readonly surfaceNsd: number;
  readonly hd95Penalised: number;
  readonly assdPenalised: number;
  readonly truthPx: number;
  readonly predPx: number;
  /** There was no prediction, so overlaps count as 0. */
  readonly missing: boolean;
  /** Whether it is a pair of volumes: overlaps count voxels, and distances are those of surfaces, in millimetres. */
  readonly volume?: true;
  /** Of a volume: millimetres between [slices, rows, columns]. Of a picture whose file tells it: [rows, columns]. */
  readonly spacing?: readonly number[];
  /** Of a volume: both masks in mm³. */
  readonly truthMm3?: number;
  readonly predMm3?: number;
  /** Why `hd95` and `assd` are null. */
  readonly noDistance?: NoDistance;
  /** Why a prediction that is there counts as missing. */
  readonly reason?: string;
  /** In reference mode: whether the released tool stops on this pair. */
  readonly aborts?: boolean;
  readonly warnings: readonly string[];
}

/** A metric over all images that have it; null where there are too few. */
export interface MetricSummary {
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

/** The result of comparing masks with the ground truth. */
export interface Evaluation {
  readonly images: readonly ImageScores[];
  readonly summary: EvaluationSummary;
  /** How many images have no distance, by reason: they are in the means of `hd95Penalised` and `assdPenalised` alone. */
  readonly withoutDistance: Readonly<Record<NoDistance, number>>;
}

/** A pair that is given twice would count twice. */
function refuseEqualNames(pairs: readonly EvaluationPair[]): void {
  const places = new Map<string, number>();
  for (const [i, { name }] of pairs.entries()) {
    const other = places.get(name);
    if (other !== undefined)
      throw new ConfigError(`evaluate: pairs[${other}] and pairs[${i}] have the same name "${name}". Name each once.`);
    places.set(name, i);
  }
}

/**
 * Compares predicted masks with the ground truth.
 *
 * A prediction of another size is resized by nearest neighbour; one that is missing counts as 0 overlap; two empty masks agree (1).
 * Contours have a distance only where both masks show something. The penalised distances are over all images: where one mask is
 * empty or the prediction missing they are the diagonal of the image, the largest distance there can be, and 0 where both are empty.
 *
 * @throws ShapeError when a picture's data are not as long as its size says
 * @throws MaskError when one is a label image and no label is chosen
 * @throws ConfigError when an option is invalid, two pairs have one name, or no ground truth has the label
 * @example const { summary } = evaluate([{ name: "case-01", truth, prediction }], { spacing: [0.4, 0.4] });
 */
export function evaluate(pairs: readonly EvaluationPair[], options: EvaluationOptions = {}): Evaluation {
  const checked = checkedOptions(Options, options, "evaluate");
  const masks = checkedList(pairs, "evaluate", "pairs", (pair, where) => maskPair(pair, where, checked));
  refuseEqualNames(masks);
  return evaluationOf(
    masks.map((pair) => scoresOf(pair, checked)),
    checked,
  );
}

/**
 * The scores of many pairs together.
 *
 * @throws ConfigError when a label is chosen that no ground truth has: all would agree that nothing is there
 */
export function evaluationOf(images: readonly ImageScores[], options: EvaluationOptions = {}): Evaluation {
  const label = options.mode === "reference" ? undefined : options.label;
  if (label !== undefined && images.length > 0 && images.every(({ truthPx }) => truthPx === 0)) {
    throw new ConfigError(
      `evaluate: no ground truth mask has the label ${label}, so nothing can be compared. Choose a value that occurs in them.`,
    );
  }
  const reasons = keysOf(noDistances);
  const count = (reason: NoDistance) => images.filter(({ noDistance }) => noDistance === reason).length;
  return {
    images,
    summary: summarise(images, options),
    withoutDistance: Object.fromEntries(reasons.map((reason) => [reason, count(reason)])) as Record<NoDistance, number>,
  };
}

/** The scores of one pair of masks. */
export function scoresOf(pair: MaskPair, options: EvaluationOptions = {}): ImageScores {
  const { truth, prediction, warnings = [] } = pair;
  const spacing = pair.spacing ?? options.spacing;
  const [vertical, horizontal] = spacing ?? [1, 1];
  const diagonal = Math.hypot(truth.height * vertical, truth.width * horizontal);
  const described = { ...pair, warnings, measures: pair.spacing && { spacing: pair.spacing } };
  if (!prediction) return scoresWithout(described, overlap(truth, truth).truthPx, diagonal);
  const fits = prediction.width === truth.width && prediction.height === truth.height;
  const mask = fits ? prediction : opencvNearest(prediction, truth);
  const shared = overlap(mask, truth);
  const resized = `the prediction has ${prediction.width} x ${prediction.height} pixels and was resized to the ${truth.width} x ${truth.height} of the ground truth`;
  return scoresWith(
    { ...described, warnings: fits ? warnings : [...warnings, resized] },
    { shared, nsd: nsd(mask, truth), surface: surfaceMetrics(mask, truth, { tolerance: options.tolerance, spacing }), diagonal },
    options.mode === "reference" && { aborts: releasedAborts(shared, truth.data.length) },
  );
}

/** A pair without its masks, and what else is known about it. */
interface ScoredPair extends Pick<MaskPair, "name" | "reason"> {
  readonly warnings: readonly string[];
  readonly measures?: Pick<ImageScores, "volume" | "spacing" | "truthMm3" | "predMm3"> | undefined;
}

/** The scores of a pair without a prediction. @param diagonal - the largest distance there can be */
export function scoresWithout({ name, reason, measures, warnings }: ScoredPair, truthPx: number, diagonal: number): ImageScores {
  const nothing = { dsc: 0, iou: 0, nsd: 0, surfaceNsd: 0, hd95: null, assd: null, hd95Penalised: diagonal, assdPenalised: diagonal };
  const missing = { truthPx, predPx: 0, missing: true, noDistance: "missing" } as const;
  return { name, ...nothing, ...missing, ...(reason !== undefined && { reason }), ...measures, warnings };
}

/** The scores of two masks that were compared. @param more - further entries */
export function scoresWith(
  { name, measures, warnings }: ScoredPair,
  compared: { readonly shared: Overlap; readonly nsd: number; readonly surface: SurfaceMetrics; readonly diagonal: number },
  more: false | Pick<ImageScores, "aborts"> = false,
): ImageScores {
  const { shared, surface, diagonal } = compared;
  const { maskPx, truthPx } = shared;
  const noDistance = noDistanceOf(maskPx, truthPx);
  const penalty = noDistance === "bothEmpty" ? 0 : diagonal;
  return {
    name,
    dsc: dscOf(shared),
    iou: iouOf(shared),
    nsd: compared.nsd,
    surfaceNsd: surface.nsd,
    hd95: noDistance ? null : surface.hd95,
    assd: noDistance ? null : surface.assd,
    hd95Penalised: noDistance ? penalty : surface.hd95,
    assdPenalised: noDistance ? penalty : surface.assd,
    truthPx,
    predPx: maskPx,
    missing: false,
    ...(noDistance && { noDistance }),
    ...more,
    ...measures,
    warnings,
  };
}

function noDistanceOf(maskPx: number, truthPx: number): Exclude<NoDistance, "missing"> | undefined {
  if (maskPx > 0 && truthPx > 0) return undefined;
  return maskPx > 0 ? "truthEmpty" : truthPx > 0 ? "predictionEmpty" : "bothEmpty";
}

/** Pictures in memory as masks, by the rule of the mode. */
function maskPair(pair: unknown, where: string, { mode, label }: EvaluationOptions): MaskPair {
  const { name, truth, prediction, reason } = (pair ?? {}) as EvaluationPair;
  if (typeof name !== "string") throw new InputError(`evaluate: ${where} must be { name, truth, prediction }, got ${described(pair)}.`);
  const warnings: string[] = [];
  const read = (what: string, picture: GrayImage): Mask => {
    const gray = checkedGray(picture, "evaluate", `${where}.${what}`);
    const reading: MaskReading =
      mode === "reference" ? releasedMask(gray) : maskOf({ ...gray, kind: "gray", full: 255 }, { label, name: `${name} (${what})` });
    warnings.push(...reading.warnings.map((warning) => `${what}: ${warning}`));
    return reading.mask;
  };
  const target = read("truth", truth);
  return { name, truth: target, prediction: prediction === undefined ? undefined : read("prediction", prediction), reason, warnings };
}

const Options = z.strictObject({
  mode: z.enum(["paper", "reference"]).optional(),
  label: z.number().int().nonnegative().optional(),
  tolerance: z.number().nonnegative().optional(),
  spacing: z.tuple([z.number().positive(), z.number().positive()]).optional(),
  seed: z.number().int().nonnegative().optional(),
});

/** Each metric over the images that have it. */
function summarise(images: readonly ImageScores[], options: EvaluationOptions): EvaluationSummary {
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
