import { ConfigError } from "../errors.ts";
import { uniform } from "../tensor/random.ts";
import { fitScore } from "./fit-score.ts";
import { type Calibration, scoreOf, signsOf } from "./judge.ts";
import type { Evidence } from "./signs.ts";

/** An image with what was measured of one target or of several, asked for in it. */
export interface CalibrationImage {
  readonly name: string;
  /** Undefined where a step before found nothing: such a target is no false alarm, and not found. */
  readonly targets: readonly (Evidence | undefined)[];
}

/** What calibrations do on average when the images are parted again and again. */
export interface RepeatedHalves {
  readonly halves: number;
  /** Means of what `CalibrationResult` tells of one parting, and the standard deviation of `falseAlarmsAt90`. */
  readonly sensitivity: number;
  readonly falseAlarmsAt90: number;
  readonly deviation: number;
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
  /** One parting of few images says little; null without positives. */
  readonly repeated: RepeatedHalves | null;
}

/** Other partings of the images. */
const repetitions = 20;

/**
 * Calibrates "not present" on images without the targets and, if there are some, images with them. Both are parted at random into halves: one
 * gives the scale of each sign and, where there are positives, the learned signs and the weights by logistic regression (else all measured
 * signs weigh the same); the other half of the negatives gives the threshold by split-conformal prediction: the ⌈(n + 1)(1 - α)⌉-th smallest
 * score. A new image without the target, from the same source, is above it with probability α at most.
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
  requireEnough(negatives.length, falseAlarms);
  const parted = (repetition: number) => ofHalves(negatives, positives, { falseAlarms, seed, repetition });
  return { ...parted(0), repeated: positives.length > 1 ? repeatedOf(Array.from({ length: repetitions }, (_, i) => parted(i + 1))) : null };
}

/** @param negatives - images without the target. @throws ConfigError when they are too few for the rate of false alarms */
export function requireEnough(negatives: number, falseAlarms: number): void {
  const needed = Math.ceil(1 / falseAlarms - 1e-9) - 1;
  if (negatives - Math.floor(negatives / 2) >= needed) return;
  throw new ConfigError(
    `calibrate: a false-alarm rate of ${falseAlarms} needs at least ${2 * needed - 1} images without the target, got ${negatives}. Give more, or allow more false alarms.`,
  );
}

/** A calibration of one parting of the images. */
function ofHalves(
  negatives: readonly CalibrationImage[],
  positives: readonly CalibrationImage[],
  { falseAlarms, ...drawing }: { readonly falseAlarms: number; readonly seed: number; readonly repetition: number },
): Omit<CalibrationResult, "repeated"> {
  const [fit, rest] = halves(negatives, drawing);
  const [fitPositives, restPositives] = halves(positives, drawing);
  const model = fitScore(foundIn(fit), foundIn(fitPositives));
  const scores = (images: readonly CalibrationImage[]) =>
    images.flatMap(({ targets }) => targets.map((one) => (one ? scoreOf(model, signsOf(model, one)) : Number.NEGATIVE_INFINITY)));
  const [absent, present] = [scores(rest), scores(restPositives)];
  const sorted = absent.toSorted((a, b) => a - b);
  const rank = Math.ceil((sorted.length + 1) * (1 - falseAlarms) - 1e-9);
  const threshold = Math.max(sorted[Math.min(rank, sorted.length) - 1]!, leastScore);
  const shareAbove = (all: readonly number[]) => all.filter((score) => score > threshold).length / all.length;
  return {
    calibration: { version: 2, ...model, threshold, falseAlarms, weights: fitPositives.length > 0 ? "fitted" : "equal" },
    fitted: { negatives: fit.length, positives: fitPositives.length },
    judged: { negatives: rest.length, positives: restPositives.length },
    falseAlarms: shareAbove(absent),
    sensitivity: restPositives.length > 0 ? shareAbove(present) : null,
    falseAlarmsAt90: falseAlarmsAt(0.9, absent, present),
  };
}

function repeatedOf(results: readonly Omit<CalibrationResult, "repeated">[]): RepeatedHalves {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const at90 = results.map(({ falseAlarmsAt90 }) => falseAlarmsAt90!);
  const falseAlarmsAt90 = meanOf(at90);
  return {
    halves: results.length,
    sensitivity: meanOf(results.map(({ sensitivity }) => sensitivity!)),
    falseAlarmsAt90,
    deviation: Math.sqrt(meanOf(at90.map((value) => (value - falseAlarmsAt90) ** 2))),
  };
}

const foundIn = (images: readonly CalibrationImage[]): Evidence[] => images.flatMap(({ targets }) => targets.flatMap((one) => one ?? []));

/** Share of negatives with at least the score that a share of the positives reaches. What was not found is no false alarm. */
function falseAlarmsAt(sensitivity: number, negatives: readonly number[], positives: readonly number[]): number | null {
  const reached = positives.toSorted((a, b) => b - a)[Math.ceil(sensitivity * positives.length - 1e-9) - 1];
  if (reached === undefined) return null;
  return negatives.filter((score) => score >= reached && Number.isFinite(score)).length / negatives.length;
}

/** A threshold below any score: where nothing was found in most negatives, all that is found counts. It is finite, as JSON knows no infinity. */
const leastScore = -1e6;

/** Two halves at random, by name, so that the order of files does not matter. */
function halves(
  images: readonly CalibrationImage[],
  { seed, repetition }: { readonly seed: number; readonly repetition: number },
): [CalibrationImage[], CalibrationImage[]] {
  const drawn = images.map((image) => ({ image, at: uniform(`calibrate/${image.name}`, seed).at(repetition) }));
  const order = drawn.sort((a, b) => a.at - b.at || (a.image.name < b.image.name ? -1 : 1)).map(({ image }) => image);
  const middle = Math.floor(order.length / 2);
  return [order.slice(0, middle), order.slice(middle)];
}
