import { ConfigError, InputError } from "../errors.ts";

/** A predicted score and the one that was measured, of an image with a ground truth. */
export interface MeasuredScore {
  readonly predicted: number;
  readonly measured: number;
}

/** A range for the score of a new image. */
export interface ScoreRange {
  readonly low: number;
  readonly high: number;
}

/** How wide the ranges are, and on what that rests. */
export interface ConformalMargin {
  /** Images that it was measured on. */
  readonly images: number;
  /** Images needed for this coverage. With fewer, every range is [0, 1]. */
  readonly needed: number;
  readonly isTooSmall: boolean;
  /** Share of new images whose score lies in their range, at least, on average over calibration sets. */
  readonly coverage: number;
  readonly side: ConformalSide;
  /** How far a score may lie from its prediction; Infinity with too few images. */
  readonly margin: number;
}

/** "both": predicted ± margin; "lower": predicted - margin or more, for "the DSC is at least". */
export type ConformalSide = "both" | "lower";

/**
 * Split-conformal margin of predicted scores such as the DSC: the ⌈(n + 1) · coverage⌉-th smallest error of n calibration images.
 *
 * The coverage holds for any prediction and any distribution if new images come from the same source as the calibration images, one image a
 * patient, and neither the network nor the prediction was fitted on them. It holds on average, not for each kind of image. A poor prediction
 * gives wide ranges, not wrong ones.
 *
 * @param options.coverage - default 0.9, which needs 9 images
 * @param options.side - default "both"
 * @throws ConfigError for a coverage outside of (0, 1); InputError for scores that are not finite
 * @see Vovk et al. 2005, Algorithmic Learning in a Random World; Lei et al. 2018, arXiv:1604.04173, theorem 2
 */
export function conformalMargin(
  calibration: readonly MeasuredScore[],
  options: { readonly coverage?: number; readonly side?: ConformalSide } = {},
): ConformalMargin {
  const { coverage = 0.9, side = "both" } = options;
  if (!(coverage > 0 && coverage < 1)) throw new ConfigError(`conformalMargin: the coverage must be in (0, 1), got ${coverage}.`);
  const errors = calibration.map(({ predicted, measured }, i) => {
    const error = predicted - measured;
    if (!Number.isFinite(error))
      throw new InputError(`conformalMargin: the scores of image ${i} must be finite, got ${predicted} and ${measured}.`);
    return side === "both" ? Math.abs(error) : error;
  });
  const images = errors.length;
  const rank = rankFor(images, coverage);
  const isTooSmall = rank > images;
  const margin = isTooSmall ? Number.POSITIVE_INFINITY : errors.sort((a, b) => a - b)[rank - 1]!;
  return { images, needed: neededFor(coverage), isTooSmall, coverage, side, margin };
}

/** ⌈(n + 1) · coverage⌉, without a step up from rounding: 0.9 · 10 is 9. */
const rankFor = (images: number, coverage: number): number => Math.max(1, Math.ceil((images + 1) * coverage - 1e-9));

function neededFor(coverage: number): number {
  let images = Math.max(1, Math.floor(coverage / (1 - coverage)) - 1);
  while (rankFor(images, coverage) > images) images++;
  return images;
}

/** The range of a new image's score, which is a share: within [0, 1]. @throws InputError for a prediction of NaN */
export function conformalRange({ margin, side }: ConformalMargin, predicted: number): ScoreRange {
  if (!Number.isFinite(predicted)) throw new InputError(`conformalRange: the prediction must be finite, got ${predicted}.`);
  const within = (value: number): number => Math.min(1, Math.max(0, value));
  return { low: within(predicted - margin), high: side === "lower" ? 1 : within(predicted + margin) };
}
