import { ConfigError, InputError } from "../errors.ts";
import type { ClassMaps, LabelMap } from "../image/class-maps.ts";
import { type JudgedPixels, judgedPixels } from "./_judged-pixels.ts";
import { leastProbability } from "./entropy.ts";

/** Logits of a validation image and their ground truth. */
export interface LabelledLogits extends JudgedPixels {
  readonly logits: ClassMaps<"logits">;
  readonly truth: LabelMap;
}

/** A temperature and what it gains. */
export interface FittedTemperature {
  /** T: logits are divided by it (`withTemperature`). Above 1, the network was too certain. */
  readonly temperature: number;
  /** Mean negative log-likelihood of the validation pixels with T = 1, and with the fitted one. */
  readonly nllBefore: number;
  readonly nllAfter: number;
  /** Pixels that it was fitted on. */
  readonly pixels: number;
  /** Whether a better temperature lies beyond the bounds, as where every pixel is right. */
  readonly isAtBound: boolean;
}

/**
 * The temperature that minimises the negative log-likelihood of validation pixels: one parameter, which changes no pixel's most probable class.
 *
 * The likelihood is convex in β = 1 / T, so the zero of its slope is found by Newton's steps, halved where they leave its bracket.
 *
 * Memory: 4 (K - 1) bytes a judged pixel.
 *
 * @param images - validation images, which no weights were trained on
 * @param options.bounds - of T; default [0.05, 20]
 * @throws InputError without a judged pixel, and what `addCalibration` throws; ConfigError for bounds that are not 0 < low < high
 * @see Guo et al. 2017, arXiv:1706.04599, section 4.2
 */
export function fitTemperature(
  images: readonly LabelledLogits[],
  options: { readonly bounds?: readonly [number, number] } = {},
): FittedTemperature {
  const [low, high] = options.bounds ?? [0.05, 20];
  if (!(low > 0 && high > low && Number.isFinite(high)))
    throw new ConfigError(`fitTemperature: bounds must be 0 < low < high, got ${low}, ${high}.`);
  const margins = images.map(marginsOf);
  const pixels = margins.reduce((sum, { pixels }) => sum + pixels, 0);
  if (pixels === 0) throw new InputError("fitTemperature: no pixel was judged. Do the validation images have a foreground?");
  const at = (beta: number) => likelihoodAt(margins, beta, pixels);
  const { beta, isAtBound } = slopeZero(at, 1 / high, 1 / low);
  return { temperature: 1 / beta, nllBefore: at(1).nll, nllAfter: at(beta).nll, pixels, isAtBound };
}

/** For each judged pixel, the logits of the other classes less that of the true one, [pixels, K - 1]. */
interface Margins {
  readonly pixels: number;
  readonly others: number;
  readonly data: Float32Array;
}

function marginsOf({ logits, truth, ...judged }: LabelledLogits): Margins {
  const [size, others] = [logits.width * logits.height, logits.count - 1];
  const indices = judgedPixels("fitTemperature", logits, truth, judged);
  const data = new Float32Array(indices.length * others);
  let at = 0;
  for (const i of indices) {
    const label = truth.data[i]!;
    for (let k = 0; k < logits.count; k++) if (k !== label) data[at++] = logits.data[k * size + i]! - logits.data[label * size + i]!;
  }
  return { pixels: indices.length, others, data };
}

interface Likelihood {
  readonly nll: number;
  /** First and second derivative by β. */
  readonly slope: number;
  readonly curvature: number;
}

/** L(β) = mean ln(1 + Σ_k exp(β m_k)); its slope is the mean of E[m], its curvature that of Var[m], under the scaled probabilities. */
function likelihoodAt(margins: readonly Margins[], beta: number, pixels: number): Likelihood {
  let [nll, slope, curvature] = [0, 0, 0];
  for (const { data, others } of margins) {
    for (let i = 0; i < data.length; i += others) {
      let largest = 0; // that of the true class
      for (let k = i; k < i + others; k++) largest = Math.max(largest, beta * data[k]!);
      let [sum, first, second] = [Math.exp(-largest), 0, 0];
      for (let k = i; k < i + others; k++) {
        const m = data[k]!;
        const weight = Math.exp(beta * m - largest);
        sum += weight;
        first += weight * m;
        second += weight * m * m;
      }
      nll += largest + Math.log(sum);
      slope += first / sum;
      curvature += second / sum - (first / sum) ** 2;
    }
  }
  return { nll: nll / pixels, slope: slope / pixels, curvature: curvature / pixels };
}

/** Where the rising slope of a convex function is 0 between two bounds, or the bound that it does not reach 0 before. */
function slopeZero(at: (beta: number) => Likelihood, low: number, high: number): { beta: number; isAtBound: boolean } {
  const [fromLow, toHigh] = [at(low).slope, at(high).slope];
  if (fromLow === 0 && toHigh === 0) return { beta: Math.min(high, Math.max(low, 1)), isAtBound: false }; // no temperature changes anything
  if (fromLow >= 0) return { beta: low, isAtBound: true };
  if (toHigh <= 0) return { beta: high, isAtBound: true };
  let [below, above, beta] = [low, high, Math.min(high, Math.max(low, 1))];
  for (let step = 0; step < 100; step++) {
    const { slope, curvature } = at(beta);
    if (slope === 0) break;
    if (slope > 0) above = beta;
    else below = beta;
    const newton = beta - slope / curvature;
    const next = newton > below && newton < above ? newton : (below + above) / 2;
    const moved = Math.abs(next - beta);
    beta = next;
    if (moved <= 1e-12 * beta) break;
  }
  return { beta, isAtBound: false };
}

/** Logits divided by a temperature. @throws ConfigError when it is not above 0 */
export function withTemperature(logits: ClassMaps<"logits">, temperature: number): ClassMaps<"logits"> {
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new ConfigError(`withTemperature: the temperature must be above 0, got ${temperature}.`);
  return { ...logits, data: logits.data.map((logit) => logit / temperature) };
}

/**
 * Logits that have these probabilities, for a temperature after the mean of an ensemble: ln p of classes, ln p / (1 - p) of regions, with p
 * and 1 - p at least 1e-12.
 */
export function logitsOf({ data: probabilities, ...maps }: ClassMaps<"probabilities">): ClassMaps<"logits"> {
  const log = (p: number): number => Math.log(Math.max(leastProbability, p));
  const data = probabilities.map(maps.areExclusive ? log : (p) => log(p) - log(1 - p));
  return { ...maps, kind: "logits", data };
}
