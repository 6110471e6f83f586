import { InputError } from "../errors.ts";
import { uniform } from "../tensor/random.ts";
import { type ConformalMargin, type ConformalSide, conformalMargin } from "./conformal.ts";

/** An image with a measure of its uncertainty and its score against a ground truth. */
export interface ScoredImage {
  /** Larger is less certain (`uncertaintyMeasures`). */
  readonly uncertainty: number;
  /** For instance its DSC. */
  readonly score: number;
}

/** A score that falls with uncertainty: straight lines between knots, level before the first and after the last. */
export interface ScoreCurve {
  /** In rising order. */
  readonly uncertainties: readonly number[];
  /** In falling order. */
  readonly scores: readonly number[];
}

/**
 * Isotonic regression: of all curves that never rise with uncertainty, the one nearest to the scores by least squares.
 *
 * @throws InputError without images, and for values that are not finite
 * @see Barlow et al. 1972, Statistical Inference under Order Restrictions: pool adjacent violators
 */
export function fitScoreCurve(images: readonly ScoredImage[]): ScoreCurve {
  if (images.length === 0) throw new InputError("fitScoreCurve: at least one image is needed, got none.");
  const wrong = images.findIndex(({ uncertainty, score }) => !Number.isFinite(uncertainty + score));
  if (wrong >= 0) throw new InputError(`fitScoreCurve: uncertainty and score of image ${wrong} must be finite. Leave it out.`);
  const pools: Pool[] = [];
  for (const one of ties(images)) {
    let pool = one;
    for (let last = pools.at(-1); last && last.sum * pool.count <= pool.sum * last.count; last = pools.at(-1)) {
      pool = { from: last.from, to: pool.to, sum: last.sum + pool.sum, count: last.count + pool.count };
      pools.pop();
    }
    pools.push(pool);
  }
  const knots = pools.flatMap(({ from, to, sum, count }) => (from === to ? [from] : [from, to]).map((at) => ({ at, score: sum / count })));
  return { uncertainties: knots.map(({ at }) => at), scores: knots.map(({ score }) => score) };
}

/** Images of neighbouring uncertainties that share a score. */
interface Pool {
  readonly from: number;
  readonly to: number;
  readonly sum: number;
  readonly count: number;
}

/** Images of one uncertainty, from the most certain on. */
function ties(images: readonly ScoredImage[]): Pool[] {
  const pools: Pool[] = [];
  for (const { uncertainty, score } of [...images].sort((a, b) => a.uncertainty - b.uncertainty || b.score - a.score)) {
    const last = pools.at(-1);
    if (last?.to === uncertainty) pools[pools.length - 1] = { ...last, sum: last.sum + score, count: last.count + 1 };
    else pools.push({ from: uncertainty, to: uncertainty, sum: score, count: 1 });
  }
  return pools;
}

/** The score that a curve predicts for an image. @throws InputError for an uncertainty of NaN */
export function predictedScore({ uncertainties, scores }: ScoreCurve, uncertainty: number): number {
  if (Number.isNaN(uncertainty)) throw new InputError("predictedScore: the uncertainty is NaN.");
  const next = uncertainties.findIndex((at) => at >= uncertainty);
  if (next < 0) return scores.at(-1)!;
  if (next === 0 || uncertainties[next] === uncertainty) return scores[next]!;
  const [before, after] = [uncertainties[next - 1]!, uncertainties[next]!];
  return scores[next - 1]! + ((uncertainty - before) / (after - before)) * (scores[next]! - scores[next - 1]!);
}

/**
 * What predicts the score of a new image, and how far it may be off: a curve fitted on half of the images, drawn at random, and a margin
 * measured on the other half (`conformalRange` of `predictedScore` is the range).
 *
 * @param images - one of each patient, of which no weights were trained on; with fewer than 2 · `needed` of them the range is [0, 1]
 * @param options.coverage - default 0.9
 * @throws InputError for fewer than two images, and for values that are not finite
 */
export function splitConformal(
  images: readonly ScoredImage[],
  options: { readonly seed: number; readonly coverage?: number; readonly side?: ConformalSide },
): { readonly curve: ScoreCurve; readonly margin: ConformalMargin } {
  const { seed, ...rest } = options;
  if (images.length < 2) throw new InputError(`splitConformal: at least two images are needed, got ${images.length}.`);
  const stream = uniform("split-conformal", seed);
  const drawn = images.map((image, i) => ({ image, at: stream.at(i) })).sort((a, b) => a.at - b.at);
  const half = Math.floor(images.length / 2);
  const curve = fitScoreCurve(drawn.slice(0, half).map(({ image }) => image));
  const calibration = drawn
    .slice(half)
    .map(({ image: { uncertainty, score } }) => ({ predicted: predictedScore(curve, uncertainty), measured: score }));
  return { curve, margin: conformalMargin(calibration, rest) };
}
