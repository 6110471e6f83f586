import { ConfigError } from "../errors.ts";
import { uniform } from "../tensor/random.ts";
import { type Calibration, scoreOf } from "./judge.ts";
import { fitLogistic } from "./logistic.ts";
import { type PresenceSigns, signNames } from "./signs.ts";

/** An image with the signs of one target or of several, asked for in it. */
export interface CalibrationImage {
  readonly name: string;
  /** Undefined where a step before found nothing: such a target is no false alarm, and not found. */
  readonly signs: readonly (PresenceSigns | undefined)[];
}

/** A calibration and what it does to images that its weights were not fitted to. */
export interface CalibrationResult {
  readonly calibration: Calibration;
  /** Images whose signs gave the scale and the weights, and images that gave the threshold. */
  readonly fitted: { readonly negatives: number; readonly positives: number };
  readonly judged: { readonly negatives: number; readonly positives: number };
  /** Share of targets above the threshold among the judged negatives (near the rate that was asked for, by construction). */
  readonly falseAlarms: number;
  /** The same among the judged positives; null without any. */
  readonly sensitivity: number | null;
  /** Share of the judged negatives above the score that nine of ten judged positives reach; null without any. */
  readonly falseAlarmsAt90: number | null;
}

/**
 * Calibrates "not present" on images without the targets and, if there are some, images with them. Both are parted at random into halves: one
 * gives the scale of each sign and, where there are positives, the weights by logistic regression (else all signs weigh the same); the other
 * half of the negatives gives the threshold by split-conformal prediction: the ⌈(n + 1)(1 - α)⌉-th smallest score. A new image without the
 * target, from the same source, is above it with probability α at most.
 *
 * @param options.falseAlarms - α; default 0.1, which needs 17 negatives
 * @throws ConfigError when there are too few negatives for α
 * @see Vovk et al. 2005, Algorithmic Learning in a Random World; Bates et al. 2023, arXiv:2104.08279, for outlier detection by conformal p-values
 */
export function calibrate(
  negatives: readonly CalibrationImage[],
  positives: readonly CalibrationImage[],
  { falseAlarms = 0.1, seed = 42 }: { readonly falseAlarms?: number; readonly seed?: number } = {},
): CalibrationResult {
  if (!(falseAlarms > 0 && falseAlarms < 1))
    throw new ConfigError(`calibrate: the false-alarm rate must be in (0, 1), got ${falseAlarms}.`);
  const [fit, rest] = halves(negatives, seed);
  const [fitPositives, restPositives] = halves(positives, seed);
  const scores = (images: readonly CalibrationImage[], scale: Pick<Calibration, "signs" | "bias">) =>
    images.flatMap(({ signs }) => signs.map((found) => (found ? scoreOf(scale, found) : Number.NEGATIVE_INFINITY)));
  const needed = Math.ceil(1 / falseAlarms - 1e-9) - 1;
  if (rest.length < needed) {
    throw new ConfigError(
      `calibrate: a false-alarm rate of ${falseAlarms} needs at least ${2 * needed - 1} images without the target, got ${negatives.length}. Give more, or allow more false alarms.`,
    );
  }
  const scale = scaleOf(fit, fitPositives);
  const sorted = scores(rest, scale).sort((a, b) => a - b);
  const rank = Math.ceil((sorted.length + 1) * (1 - falseAlarms) - 1e-9);
  const threshold = Math.max(sorted[Math.min(rank, sorted.length) - 1]!, leastScore);
  const shareAbove = (images: readonly CalibrationImage[]) => {
    const all = scores(images, scale);
    return all.filter((score) => score > threshold).length / all.length;
  };
  return {
    calibration: { version: 1, ...scale, threshold, falseAlarms, weights: fitPositives.length > 0 ? "fitted" : "equal" },
    fitted: { negatives: fit.length, positives: fitPositives.length },
    judged: { negatives: rest.length, positives: restPositives.length },
    falseAlarms: shareAbove(rest),
    sensitivity: restPositives.length > 0 ? shareAbove(restPositives) : null,
    falseAlarmsAt90: falseAlarmsAt(0.9, scores(rest, scale), scores(restPositives, scale)),
  };
}

/** Share of negatives with at least the score that a share of the positives reaches. What was not found is no false alarm. */
function falseAlarmsAt(sensitivity: number, negatives: readonly number[], positives: readonly number[]): number | null {
  const reached = positives.toSorted((a, b) => b - a)[Math.ceil(sensitivity * positives.length - 1e-9) - 1];
  if (reached === undefined) return null;
  return negatives.filter((score) => score >= reached && Number.isFinite(score)).length / negatives.length;
}

/** A threshold below any score: where nothing was found in most negatives, all that is found counts. It is finite, as JSON knows no infinity. */
const leastScore = -1e6;

/** Two halves at random, by name, so that the order of files does not matter. */
function halves(images: readonly CalibrationImage[], seed: number): [CalibrationImage[], CalibrationImage[]] {
  const drawn = images.map((image) => ({ image, at: uniform(`calibrate/${image.name}`, seed).at(0) }));
  const order = drawn.sort((a, b) => a.at - b.at || (a.image.name < b.image.name ? -1 : 1)).map(({ image }) => image);
  const middle = Math.floor(order.length / 2);
  return [order.slice(0, middle), order.slice(middle)];
}

/** Mean, deviation and weight of each sign. */
function scaleOf(negatives: readonly CalibrationImage[], positives: readonly CalibrationImage[]): Pick<Calibration, "signs" | "bias"> {
  const foundIn = (images: readonly CalibrationImage[]) => images.flatMap(({ signs }) => signs.flatMap((found) => found ?? []));
  const [absent, present] = [foundIn(negatives), foundIn(positives)];
  // Where hardly anything is found in negatives, they give no scale.
  const measured = absent.length >= 2 ? absent : present;
  const scales = signNames.map((name) => {
    const values = measured.map((signs) => signs[name]);
    const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
    return { mean, deviation: Math.sqrt(variance) };
  });
  const counting = scales.filter(({ deviation }) => deviation > 0).length;
  const equal = { weights: scales.map(() => 1 / Math.sqrt(Math.max(1, counting))), bias: 0 };
  const standardised = (found: PresenceSigns) =>
    signNames.map((name, i) => (scales[i]!.deviation > 0 ? (found[name] - scales[i]!.mean) / scales[i]!.deviation : 0));
  const isFitted = absent.length > 0 && present.length > 0;
  const { weights, bias } = isFitted
    ? fitLogistic([...absent, ...present].map(standardised), [...absent.map(() => 0 as const), ...present.map(() => 1 as const)])
    : equal;
  const signs = Object.fromEntries(signNames.map((name, i) => [name, { ...scales[i]!, weight: weights[i]! }])) as Calibration["signs"];
  return { signs, bias };
}
