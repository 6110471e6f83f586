import { ConfigError, InputError } from "../errors.ts";
import type { ClassMaps, LabelMap } from "../image/class-maps.ts";
import { type JudgedPixels, judgedPixels } from "./_judged-pixels.ts";
import { leastProbability } from "./entropy.ts";

/** What is compared: a claim of the maps about a pixel as a probability, and whether it holds. */
const claims = {
  /** That the most probable class is the true one: the usual calibration error. */
  confidence: (p: (k: number) => number, count: number, label: number): readonly [number, boolean] => {
    let best = 0;
    for (let k = 1; k < count; k++) if (p(k) > p(best)) best = k;
    return [p(best), best === label];
  },
  /** That the pixel is foreground: of the pixels said to be so with 0.3, are 30 % foreground? */
  foreground: (p: (k: number) => number, _: number, label: number): readonly [number, boolean] => [1 - p(0), label > 0],
} as const;

/** What a reliability diagram is about. */
export type CalibrationClaim = keyof typeof claims;

/** Pixels with a probability in (from, to], the first bin with 0. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly pixels: number;
  /** Mean of the probabilities; null for a bin without pixels. */
  readonly probability: number | null;
  /** Share of the pixels for which the claim holds; null for a bin without pixels. */
  readonly frequency: number | null;
}

/** How far probabilities can be believed. */
export interface Calibration {
  readonly claim: CalibrationClaim;
  readonly pixels: number;
  readonly bins: readonly ReliabilityBin[];
  /** Expected calibration error: Σ over bins of their share of pixels times |frequency - probability|, in [0, 1]. */
  readonly ece: number;
  /** Brier score: mean of ½ Σ_k (p_k - y_k)², in [0, 1]; for two classes (p - y)² of the foreground. */
  readonly brier: number;
  /** Negative log-likelihood: mean of -ln p of the true class, with p at least 1e-12. */
  readonly nll: number;
}

/** Running sums over images for their calibration. */
export interface CalibrationSums {
  readonly claim: CalibrationClaim;
  pixels: number;
  readonly counts: Float64Array;
  readonly probabilities: Float64Array;
  readonly holding: Float64Array;
  brier: number;
  nll: number;
}

/**
 * Sums without an image.
 *
 * @param options.bins - number of bins of equal width; default 15, as Guo et al. take
 * @param options.claim - default "confidence"
 */
export function startCalibration(
  options: { readonly bins?: number | undefined; readonly claim?: CalibrationClaim | undefined } = {},
): CalibrationSums {
  const { bins = 15, claim = "confidence" } = options;
  if (!(Number.isInteger(bins) && bins >= 1))
    throw new ConfigError(`startCalibration: the number of bins must be at least 1, got ${bins}.`);
  const zeros = () => new Float64Array(bins);
  return { claim, pixels: 0, counts: zeros(), probabilities: zeros(), holding: zeros(), brier: 0, nll: 0 };
}

/**
 * The sums of several images together. Joined in the same order they are the same to the last bit.
 *
 * @throws ConfigError when their claims or numbers of bins differ
 */
export function joinedCalibration(all: readonly CalibrationSums[]): CalibrationSums {
  const joined = startCalibration({ bins: all[0]?.counts.length, claim: all[0]?.claim });
  for (const { claim, pixels, counts, probabilities, holding, brier, nll } of all) {
    if (claim !== joined.claim || counts.length !== joined.counts.length)
      throw new ConfigError(
        `joinedCalibration: expected ${joined.counts.length} bins of "${joined.claim}", got ${counts.length} of "${claim}".`,
      );
    joined.pixels += pixels;
    joined.brier += brier;
    joined.nll += nll;
    for (let i = 0; i < counts.length; i++) {
      joined.counts[i]! += counts[i]!;
      joined.probabilities[i]! += probabilities[i]!;
      joined.holding[i]! += holding[i]!;
    }
  }
  return joined;
}

/**
 * Adds the judged pixels of an image.
 *
 * @param truth - label k is class k of the maps
 * @throws ShapeError for sizes that differ and for regions; InputError for labels without a class and values that are not finite
 */
export function addCalibration(sums: CalibrationSums, maps: ClassMaps<"probabilities">, truth: LabelMap, judged: JudgedPixels = {}): void {
  const { counts, probabilities, holding } = sums;
  const [size, claim] = [maps.width * maps.height, claims[sums.claim]];
  for (const i of judgedPixels("addCalibration", maps, truth, judged)) {
    const label = truth.data[i]!;
    const p = (k: number): number => maps.data[k * size + i]!;
    const [probability, holds] = claim(p, maps.count, label);
    const bin = Math.min(counts.length - 1, Math.max(0, Math.ceil(probability * counts.length) - 1));
    counts[bin]!++;
    probabilities[bin]! += probability;
    if (holds) holding[bin]!++;
    for (let k = 0; k < maps.count; k++) sums.brier += (p(k) - (k === label ? 1 : 0)) ** 2 / 2;
    sums.nll -= Math.log(Math.max(leastProbability, p(label)));
    sums.pixels++;
  }
}

/**
 * The reliability diagram and the scores of all pixels added.
 *
 * @throws InputError without a pixel
 * @see Naeini et al. 2015 (AAAI) and Guo et al. 2017, arXiv:1706.04599, for the expected calibration error; Brier 1950 for the score;
 *   Mehrtash et al. 2020, arXiv:1911.13273, for segmentation of medical images
 */
export function calibrationOf(sums: CalibrationSums): Calibration {
  const { claim, pixels, counts, probabilities, holding } = sums;
  if (pixels === 0) throw new InputError("calibrationOf: no pixel was judged. Do the images have a foreground, and the region pixels?");
  const bins = Array.from(counts, (count, i): ReliabilityBin => {
    const [from, to] = [i / counts.length, (i + 1) / counts.length];
    if (count === 0) return { from, to, pixels: 0, probability: null, frequency: null };
    return { from, to, pixels: count, probability: probabilities[i]! / count, frequency: holding[i]! / count };
  });
  const ece = counts.reduce((sum, _, i) => sum + Math.abs(holding[i]! - probabilities[i]!), 0) / pixels;
  return { claim, pixels, bins, ece, brier: sums.brier / pixels, nll: sums.nll / pixels };
}
