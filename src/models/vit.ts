import { add, concat, conv, expand, gelu, reshape, slice, transpose, type Value } from "../graph/index.ts";
import { attend } from "../nn/attention.ts";
import { type Attention, type Linear, linear, type Norm, norm } from "../nn/index.ts";

/** Sizes of a vision transformer as timm builds it. */
export interface VitConfig {
  /** Side of the square input in pixels. */
  readonly imageSize: number;
  /** Side of a patch in pixels. */
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Width inside the MLP of a block. */
  readonly inner: number;
  /** ε of the layer normalisations. */
  readonly epsilon: number;
}

/** One pre-norm block: x + Attn(LN₁ x), then x + MLP(LN₂ x). */
export interface VitBlock {
  readonly norm1: Norm;
  readonly attention: Attention;
  readonly norm2: Norm;
  readonly mlp: readonly [Linear, Linear];
}

export interface VitWeights {
  readonly patches: Linear;
  /** [1, 1, D] */
  readonly classToken: Value;
  /** [1, T, D] */
  readonly positions: Value;
  readonly blocks: readonly VitBlock[];
  readonly norm: Norm;
}

/** The named intermediates of a vision transformer; T = 1 + patches, the class token first. */
export interface VitOutputs {
  /** Patches, class token and positions, [B, T, D]. */
  readonly embedded: Value;
  /** Output of each block, [B, T, D]. */
  readonly blocks: readonly Value[];
  /** What each block computes on its way there, for all tokens. */
  readonly inside: readonly BlockValues[];
  /** The same of the last block on the way to `classToken`: with one query, the class token. */
  readonly classInside: BlockValues;
  /** The class token after the last block and the final normalisation, [B, D]. */
  readonly classToken: Value;
}

/** The named intermediates of a block, for Tq queries: all T tokens, or the class token. */
export interface BlockValues {
  /** Its first normalisation of all tokens, which its attention reads, [B, T, D]. */
  readonly norm1: Value;
  /** How much each query attends to each token, [B, h, Tq, T]. */
  readonly attention: Value;
  /** Its second normalisation, which its MLP reads, [B, Tq, D]. */
  readonly norm2: Value;
}

/** Patches along one side. */
export function gridOf({ imageSize, patch }: VitConfig): number {
  return Math.floor(imageSize / patch);
}

/**
 * A vision transformer with a class token.
 *
 * Of the last block, `classToken` computes only what it needs: one query, the class token, and all tokens as keys. This is exact and
 * saves most of a block; `blocks` still gives its full output.
 *
 * @param image - normalised pixels [B, 3, S, S]
 * @see Dosovitskiy et al. 2021, arXiv:2010.11929
 */
export function vit(image: Value, weights: VitWeights, config: VitConfig): VitOutputs {
  const [batch] = image.shape as [number];
  const { patch, width, depth, epsilon } = config;
  const grid = conv(image, weights.patches.weight, { stride: patch, bias: weights.patches.bias! }); // [B, D, g, g]
  const patches = transpose(reshape(grid, [batch, width, gridOf(config) ** 2]), [0, 2, 1]); // [B, T - 1, D]
  const tokens = concat([expand(weights.classToken, [batch, 1, width]), patches], 1); // [B, T, D]
  const embedded = add(tokens, weights.positions);
  const blocks: Value[] = [];
  const inside: BlockValues[] = [];
  for (const block of weights.blocks) {
    const x = blocks.at(-1) ?? embedded;
    const { output, ...values } = vitBlock(x, norm(x, block.norm1, epsilon), block, config);
    blocks.push(output);
    inside.push(values);
  }
  const before = blocks[depth - 2] ?? embedded;
  const { output, ...classInside } = vitBlock(slice(before, 1, 0, 1), inside[depth - 1]!.norm1, weights.blocks[depth - 1]!, config);
  return { embedded, blocks, inside, classInside, classToken: poolClassToken(output, weights, config) };
}

/** The class token of the last block's output after the final normalisation: [B, T, D] to [B, D]. */
export function poolClassToken(tokens: Value, weights: VitWeights, { width, epsilon }: VitConfig): Value {
  return reshape(norm(slice(tokens, 1, 0, 1), weights.norm, epsilon), [tokens.shape[0]!, width]);
}

/**
 * A block's output for its first Tq tokens, and what it computes on the way.
 *
 * @param x - [B, Tq, D]
 * @param norm1 - LN₁ of all tokens, [B, T, D]
 */
function vitBlock(x: Value, norm1: Value, block: VitBlock, { heads, epsilon }: VitConfig): BlockValues & { readonly output: Value } {
  const count = x.shape[1]!;
  const queries = count === norm1.shape[1] ? norm1 : slice(norm1, 1, 0, count); // [B, Tq, D]
  const attended = attend(queries, norm1, block.attention, heads);
  const y = add(x, attended.output);
  const norm2 = norm(y, block.norm2, epsilon);
  const output = add(y, linear(gelu(linear(norm2, block.mlp[0])), block.mlp[1])); // [B, Tq, D]
  return { norm1, attention: attended.weights, norm2, output };
}
