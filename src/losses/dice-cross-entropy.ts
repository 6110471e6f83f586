import { ShapeError } from "../errors.ts";
import {
  add,
  cast,
  concat,
  div,
  exp,
  expand,
  greaterOrEqual,
  logSumExp,
  max,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  scalar,
  sigmoid,
  slice,
  sub,
  type Value,
} from "../graph/index.ts";
import { sameShape } from "../tensor/tensor.ts";
import { binaryCrossEntropy } from "./focal.ts";

export interface DiceCrossEntropyOptions {
  /** Factor of each head, full size first; one of 0 is left out, as if there were no such head. Default: `deepSupervisionWeights`. */
  readonly weights?: readonly number[];
  /** Whether the Dice sums run over all images of the batch, else over each image by itself. nnU-Net's 2D plans say true. */
  readonly batchDice: boolean;
  /** Whether the Dice of the background counts, default false. Regions have no background: all of them count. */
  readonly withBackground?: boolean;
  /** Pixels of this label count in no term. */
  readonly ignoreLabel?: number | undefined;
  /** Labels that make up each region, where the heads predict regions that may overlap (sigmoid) and not classes (softmax). */
  readonly regions?: readonly (readonly number[])[] | undefined;
  /** Added above and below in the Dice, default 1e-5. */
  readonly smooth?: number;
  /** [B], how much each image counts, at least 0; with 0 it counts as if it were not there. Default: all the same. */
  readonly imageWeights?: Value | undefined;
}

/**
 * The loss of nnU-Net: cross-entropy minus soft Dice, summed over the heads of deep supervision with their weights.
 *
 *   L = Σ_h α_h ( CE_h - mean_k (2 Σ p_k y_k + ε) / (Σ p_k + Σ y_k + ε) )
 *
 * p is the softmax over classes and CE the mean of -ln p_y over pixels; for regions p is the sigmoid of each and CE the mean of the binary
 * cross-entropies. Where all pixels are ignored, CE is 0 and Dice is 1.
 *
 * @param heads - logits [B, K, h, w], full size first
 * @param targets - a label map [B, 1, h, w] for each head, of any numeric type
 * @returns a scalar, between -1 and infinity for weights that sum to 1
 * @throws ShapeError when numbers of heads, targets and weights or their shapes do not fit
 * @see Isensee et al. 2021, doi:10.1038/s41592-020-01008-z; Drozdzal et al. 2016, arXiv:1608.04117, for the soft Dice
 */
export function diceCrossEntropy(heads: readonly Value[], targets: readonly Value[], options: DiceCrossEntropyOptions): Value {
  const { weights = deepSupervisionWeights(heads.length) } = options;
  if (heads.length === 0 || targets.length !== heads.length || weights.length !== heads.length) {
    throw new ShapeError(
      `diceCrossEntropy: each head needs a target and a weight, got ${heads.length} heads, ${targets.length} targets and ${weights.length} weights`,
    );
  }
  const terms = heads.flatMap((head, i) => (weights[i] === 0 ? [] : [mul(lossOfHead(head, targets[i]!, options), weights[i]!)]));
  return terms.reduce((sum, term) => add(sum, term), scalar(0, heads[0]!.dtype));
}

/** Weights of the heads in deep supervision: halved from head to head, 0 for the smallest, and 1 in sum. A single head has 1. */
export function deepSupervisionWeights(count: number): number[] {
  const halved = Array.from({ length: count }, (_, i) => (i === count - 1 && count > 1 ? 0 : 2 ** -i));
  const sum = halved.reduce((a, b) => a + b, 0);
  return halved.map((weight) => weight / sum);
}

function lossOfHead(logits: Value, target: Value, options: DiceCrossEntropyOptions): Value {
  const { regions, withBackground = false } = options;
  checkHead(logits, target, options);
  const labels = cast(target, logits.dtype); // [B, 1, h, w]
  const counted = countedPixels(labels, options);
  if (regions) {
    const truth = concat(
      regions.map((region) => region.map((label) => isLabel(labels, label)).reduce((a, b) => add(a, b))),
      1,
    ); // [B, R, h, w]
    const crossEntropy = reduceMean(binaryCrossEntropy(logits, truth), [1], { keepDims: true }); // [B, 1, h, w]
    return sub(meanOver(crossEntropy, counted), softDice(sigmoid(logits), truth, 0, counted, options));
  }
  const truth = concat(
    Array.from({ length: logits.shape[1]! }, (_, k) => isLabel(labels, k)),
    1,
  ); // [B, K, h, w]
  const normaliser = logSumExp(logits, 1); // ln Σ_k exp(l_k), [B, 1, h, w]
  const crossEntropy = sub(normaliser, reduceSum(mul(truth, logits), [1], { keepDims: true })); // -ln p_y
  const probabilities = exp(sub(logits, normaliser)); // [B, K, h, w]
  return sub(meanOver(crossEntropy, counted), softDice(probabilities, truth, withBackground ? 0 : 1, counted, options));
}

/** 1 where the label is this one, else 0. */
function isLabel(labels: Value, label: number): Value {
  return mul(greaterOrEqual(labels, label), greaterOrEqual(label, labels));
}

/** How much a pixel counts: `valid` is 0 where it is ignored, `weight` that of its image. Absent where it would be 1 all over. */
interface Counted {
  /** [B, 1, h, w] */
  readonly valid?: Value | undefined;
  /** [B, 1, 1, 1] */
  readonly weight?: Value | undefined;
}

function countedPixels(labels: Value, { ignoreLabel, imageWeights }: DiceCrossEntropyOptions): Counted {
  return {
    valid: ignoreLabel === undefined ? undefined : sub(1, isLabel(labels, ignoreLabel)),
    weight: imageWeights && reshape(cast(imageWeights, labels.dtype), [labels.shape[0]!, 1, 1, 1]),
  };
}

/** x times those of some factors that are there. */
function times(x: Value, ...factors: readonly (Value | undefined)[]): Value {
  return factors.reduce<Value>((product, factor) => (factor ? mul(product, factor) : product), x);
}

/** The mean of a value a pixel [B, 1, h, w] over the pixels that count; 0 where none does. */
function meanOver(x: Value, { valid, weight }: Counted): Value {
  if (!valid && !weight) return reduceMean(x);
  const ones = expand(scalar(1, x.dtype), x.shape);
  return div(reduceSum(times(x, valid, weight)), max(reduceSum(times(valid ?? ones, weight)), tiny));
}

/** Keeps a quotient of two zeros at 0 or 1. */
const tiny = 1e-8;

/**
 * The mean of the soft Dice over classes, and over images if each has its own.
 *
 * @param probabilities - [B, K, h, w]
 * @param truth - of that shape, 0 or 1
 * @param first - the first class that counts
 */
function softDice(
  probabilities: Value,
  truth: Value,
  first: number,
  { valid, weight }: Counted,
  { batchDice, smooth = 1e-5 }: DiceCrossEntropyOptions,
): Value {
  const images = probabilities.shape[0]!;
  const ofImages = weight && reshape(weight, [images, 1]);
  const overPixels = (x: Value): Value => {
    const sums = slice(reduceSum(times(x, valid), [2, 3]), 1, first, x.shape[1]!); // [B, K]
    return batchDice ? reduceSum(times(sums, ofImages), [0]) : sums;
  };
  const sum = add(overPixels(probabilities), overPixels(truth));
  const dice = div(add(mul(overPixels(mul(probabilities, truth)), 2), smooth), add(sum, smooth)); // [K] or [B, K]
  if (batchDice || !ofImages) return reduceMean(dice);
  return div(add(reduceSum(mul(reduceMean(dice, [1], { keepDims: true }), ofImages)), tiny), add(reduceSum(ofImages), tiny));
}

function checkHead(logits: Value, target: Value, { regions, imageWeights, withBackground = false }: DiceCrossEntropyOptions): void {
  const [batch, channels, ...sides] = logits.shape;
  if (logits.shape.length !== 4 || !sameShape(target.shape, [batch!, 1, ...sides])) {
    throw new ShapeError(
      `diceCrossEntropy: expected logits [B, K, h, w] and labels [B, 1, h, w], got [${logits.shape}] and [${target.shape}]`,
    );
  }
  if (regions && (regions.length !== channels || regions.some((region) => region.length === 0)))
    throw new ShapeError(
      `diceCrossEntropy: ${channels} channels need as many regions of at least one label, got ${JSON.stringify(regions)}`,
    );
  if (!regions && !withBackground && channels! < 2)
    throw new ShapeError(`diceCrossEntropy: classes need 2 channels at least, with the background first, got [${logits.shape}]`);
  if (imageWeights && !sameShape(imageWeights.shape, [batch!]))
    throw new ShapeError(`diceCrossEntropy: the weights of images must be [${batch}], got [${imageWeights.shape}]`);
}
