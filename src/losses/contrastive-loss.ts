import { matmul, mul, type Operand, reduceSum, swapLast, type Value } from "../graph/index.ts";
import { unitLength } from "../nn/index.ts";

/** Options of the contrastive losses; each loss reads those that apply to it. */
export interface ContrastiveOptions {
  /** 1 / τ, the factor of the cosines: a number, or a learned scalar such as exp(logit_scale). */
  readonly scale: Operand;
  /** α, weight of the positive pair in the denominator: 0 leaves it out ("decoupled"). */
  readonly alpha?: number;
  /** β₁, how strongly close images count as negatives of a text, as a power of exp(cosine / τ). */
  readonly beta1?: number;
  /** β₂, the same for texts as negatives of an image. */
  readonly beta2?: number;
  /** Whether the weights of the negatives are constants to the gradient. */
  readonly detachWeights?: boolean;
  /**
   * [B, B], 1 where text j is a negative of image i (and image i of text j), 0 where it also holds for that image and says nothing
   * against it. The diagonal is not read: true pairs always count. Default: all are negatives. A row without any has no loss of its own.
   */
  readonly negatives?: Value;
  /**
   * [B], 1 where text i describes image i, 0 where it does not: such a pair is no positive and has no loss of its own. Its image and its text
   * stay negatives of the others. Default: all are positives.
   */
  readonly paired?: Value;
  /** Added to the logits of SigLIP: a number, or a learned scalar. */
  readonly bias?: Operand;
}

/**
 * A contrastive loss over a batch of pairs.
 *
 * @param image - features of images [B, E]; their length does not matter, the loss normalises
 * @param text - features of texts [B, E]; row i describes image i
 * @returns a scalar
 */
export type ContrastiveLoss = (image: Value, text: Value, options: ContrastiveOptions) => Value;

/** Cosines times the scale, l [B, B] (images down, texts across), and those of the pairs alone, l_ii [B, 1]. */
export function logitsOf(image: Value, text: Value, scale: Operand): { logits: Value; positives: Value } {
  const [v, t] = [unitLength(image), unitLength(text)];
  return {
    logits: mul(matmul(v, swapLast(t)), scale), // [B, B]
    positives: mul(reduceSum(mul(v, t), [-1], { keepDims: true }), scale), // [B, 1]
  };
}
