import { ShapeError } from "../errors.ts";
import { add, matmul, maxPool, mul, type Operand, reduceMean, reduceSum, reshape, swapLast, type Value } from "../graph/index.ts";
import { unitLength } from "../nn/index.ts";
import { dicePlain } from "./dice.ts";
import { binaryCrossEntropy } from "./focal.ts";

/** How cosines become the logits of the region terms. */
export interface RegionOptions {
  /** Factor of the cosines. */
  readonly scale: Operand;
  /** Added to them; a negative bias is a good start for rare phrases. Default 0. */
  readonly bias?: Operand;
  /**
   * [B, P], how much each question counts: 0 where it is unknown. The terms are weighted sums, so that the parts of a batch add up;
   * weights that sum to 1 make them means. Default: the mean.
   */
  readonly weights?: Value;
}

/**
 * What an image shows: an independent binary classification by the class token for each phrase (multi-label).
 *
 *   L = Σ_ip w_ip ( softplus(l_ip) - y_ip l_ip ),   l = scale · cosine + bias
 *
 * @param image - features of images [B, E]; their length does not matter
 * @param phrases - features of phrases [P, E]
 * @param labels - [B, P], 1 where the image shows what the phrase names, else 0
 * @returns a scalar
 * @throws ShapeError when the shapes do not fit
 */
export function labelLoss(image: Value, phrases: Value, labels: Value, { weights, ...options }: RegionOptions): Value {
  const logits = logitsOf(image, phrases, options); // [B, P]
  expectShape("labelLoss: labels", labels, logits.shape);
  return weighted(binaryCrossEntropy(logits, labels), weights);
}

/**
 * Where it is in the image: a binary classification for each patch and phrase, whose target is the fraction of the patch that the mask covers.
 *
 *   L = Σ_ip w_ip mean_t( softplus(l_ipt) - c_ipt l_ipt ),   l = scale · cosine + bias
 *
 * @param patches - features of patches [B, T, E], without the class token
 * @param phrases - features of phrases [P, E]
 * @param coverage - [B, P, T] in [0, 1]
 * @returns a scalar
 * @throws ShapeError when the shapes do not fit
 */
export function denseLoss(patches: Value, phrases: Value, coverage: Value, { weights, ...options }: RegionOptions): Value {
  const logits = swapLast(logitsOf(patches, phrases, options)); // [B, P, T]
  expectShape("denseLoss: coverage", coverage, logits.shape);
  return weighted(reduceMean(binaryCrossEntropy(logits, coverage), [2]), weights);
}

/**
 * The same question as `denseLoss`, answered by overlap: the soft Dice loss of each phrase over all cells of the grid. It does not shrink with the
 * structure, as a mean over cells does.
 *
 *   L = Σ_ip w_ip ( 1 - (2 Σ_t p_ipt c_ipt + 1) / (Σ_t p_ipt + Σ_t c_ipt + 1) ),   p = σ(scale · cosine + bias)
 *
 * @param patches - features of patches [B, T, E], without the class token
 * @param phrases - features of phrases [P, E]
 * @param coverage - [B, P, T] in [0, 1]
 * @returns a scalar
 * @throws ShapeError when the shapes do not fit
 */
export function denseDiceLoss(patches: Value, phrases: Value, coverage: Value, { weights, ...options }: RegionOptions): Value {
  const logits = swapLast(logitsOf(patches, phrases, options)); // [B, P, T]
  expectShape("denseDiceLoss: coverage", coverage, logits.shape);
  const asPictures = (x: Value) => reshape(x, [...x.shape.slice(0, 2), 1, x.shape[2]!]); // [B, P, 1, T]
  return weighted(dicePlain(asPictures(logits), asPictures(coverage)), weights);
}

/**
 * Whether the image shows it at all: a binary classification of the largest logit of each map, so that its peak is the probability of presence.
 *
 *   L = Σ_ip w_ip ( softplus(m_ip) - y_ip m_ip ),   m = max_t (scale · cosine + bias)
 *
 * @param patches - features of patches [B, T, E], without the class token, of a square grid
 * @param phrases - features of phrases [P, E]
 * @param labels - [B, P], 1 where the image shows what the phrase names, else 0
 * @returns a scalar; of equal largest logits the first gets the gradient
 * @throws ShapeError when the shapes do not fit
 * @see Pinheiro and Collobert 2015, arXiv:1411.6228, for classifying an image by the aggregated scores of its places
 */
export function presenceLoss(patches: Value, phrases: Value, labels: Value, { weights, ...options }: RegionOptions): Value {
  const logits = swapLast(logitsOf(patches, phrases, options)); // [B, P, T]
  const [batch, count, cells] = logits.shape as [number, number, number];
  const side = Math.sqrt(cells);
  if (!Number.isInteger(side)) throw new ShapeError(`presenceLoss: the patches must form a square grid, got ${cells}`);
  const peaks = reshape(maxPool(reshape(logits, [batch, count, side, side]), [side, side]), [batch, count]);
  expectShape("presenceLoss: labels", labels, peaks.shape);
  return weighted(binaryCrossEntropy(peaks, labels), weights);
}

/** scale · cosine + bias, features [..., E] with phrases [P, E]: [..., P]. */
function logitsOf(features: Value, phrases: Value, { scale, bias = 0 }: Omit<RegionOptions, "weights">): Value {
  if (features.shape.at(-1) !== phrases.shape[1]) {
    throw new ShapeError(`regions: features [${features.shape}] and phrases [${phrases.shape}] must have the same width`);
  }
  return add(mul(matmul(unitLength(features), swapLast(unitLength(phrases))), scale), bias);
}

/** @param each - [B, P] */
function weighted(each: Value, weights: Value | undefined): Value {
  if (!weights) return reduceMean(each);
  expectShape("regions: weights", weights, each.shape);
  return reduceSum(mul(each, weights));
}

function expectShape(what: string, value: Value, shape: readonly number[]): void {
  if (value.shape.join() !== shape.join()) throw new ShapeError(`${what} must be [${shape}], got [${value.shape}]`);
}
