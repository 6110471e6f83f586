import { add, type Value } from "../graph/index.ts";
import { type Activation, activations } from "../nn/activation.ts";
import { attend } from "../nn/attention.ts";
import { type Attention, type Linear, linear, type Norm, norm } from "../nn/index.ts";

/** One pre-norm block: x + Attn(LN₁ x), then x + MLP(LN₂ x). */
export interface PreNormBlock {
  readonly norm1: Norm;
  readonly attention: Attention;
  readonly norm2: Norm;
  readonly mlp: readonly [Linear, Linear];
}

/** What all blocks of an encoder have in common. */
export interface PreNormConfig {
  readonly heads: number;
  /** ε of the layer normalisations. */
  readonly epsilon: number;
  /** Between the two layers of the MLP. */
  readonly activation: Activation;
}

/** The named intermediates of a block, for Tq queries: all T tokens, or some of them. */
export interface BlockValues {
  /** Its first normalisation of all tokens, which its attention reads, [B, T, D]. */
  readonly norm1: Value;
  /** How much each query attends to each token, [B, h, Tq, T]. */
  readonly attention: Value;
  /** Its second normalisation, which its MLP reads, [B, Tq, D]. */
  readonly norm2: Value;
}

/** The tokens for which a block is computed, before and after its first normalisation, [B, Tq, D]. */
export interface Queries {
  readonly x: Value;
  readonly norm1: Value;
}

/**
 * A block's output for some tokens, [B, Tq, D], and what it computes on the way.
 *
 * @param norm1 - LN₁ of all tokens, [B, T, D]
 * @param mask - added to the scores of the attention, broadcast to [B, h, Tq, T]
 */
export function preNormBlock(
  queries: Queries,
  norm1: Value,
  block: PreNormBlock,
  config: PreNormConfig,
  mask?: Value,
): BlockValues & { readonly output: Value } {
  const attended = attend(queries.norm1, norm1, block.attention, config.heads, norm1, mask);
  return { norm1, attention: attended.weights, ...withMlp(add(queries.x, attended.output), block, config) };
}

/** The second half of a block: y + MLP(LN₂ y), and LN₂ y. @param y - tokens behind the attention, [B, Tq, D] */
export function withMlp(y: Value, { norm2, mlp }: PreNormBlock, { epsilon, activation }: PreNormConfig): { norm2: Value; output: Value } {
  const normalised = norm(y, norm2, epsilon);
  return { norm2: normalised, output: add(y, linear(activations[activation](linear(normalised, mlp[0])), mlp[1])) };
}
