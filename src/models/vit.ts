import { add, concat, conv, expand, gelu, reshape, slice, transpose, type Value } from "../graph/index.ts";
import { type Attention, attention, type Linear, linear, type Norm, norm } from "../nn/index.ts";

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
  /** Output of each block's first normalisation, which its attention reads, [B, T, D]. */
  readonly norms1: readonly Value[];
  /** The class token after the last block and the final normalisation, [B, D]. */
  readonly classToken: Value;
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
  const { patch, width, depth, heads, epsilon } = config;
  const grid = conv(image, weights.patches.weight, { stride: patch, bias: weights.patches.bias! }); // [B, D, g, g]
  const patches = transpose(reshape(grid, [batch, width, gridOf(config) ** 2]), [0, 2, 1]); // [B, T - 1, D]
  const tokens = concat([expand(weights.classToken, [batch, 1, width]), patches], 1); // [B, T, D]
  const embedded = add(tokens, weights.positions);
  const blocks: Value[] = [];
  const norms1: Value[] = [];
  for (const block of weights.blocks) {
    const x = blocks.at(-1) ?? embedded;
    const normal = norm(x, block.norm1, epsilon);
    norms1.push(normal);
    blocks.push(vitBlock(x, normal, block, heads, epsilon));
  }
  const last = classTokenBlock(blocks[depth - 2] ?? embedded, norms1[depth - 1]!, weights.blocks[depth - 1]!, heads, epsilon); // [B, 1, D]
  return { embedded, blocks, norms1, classToken: poolClassToken(last, weights, config) };
}

/** The class token of the last block's output after the final normalisation: [B, T, D] to [B, D]. */
export function poolClassToken(tokens: Value, weights: VitWeights, { width, epsilon }: VitConfig): Value {
  return reshape(norm(slice(tokens, 1, 0, 1), weights.norm, epsilon), [tokens.shape[0]!, width]);
}

/** @param normal - LN₁ x */
function vitBlock(x: Value, normal: Value, block: VitBlock, heads: number, epsilon: number): Value {
  return mlpResidual(add(x, attention(normal, normal, block.attention, heads)), block, epsilon);
}

/** The class token's part of a block's output: [B, T, D] to [B, 1, D]. */
function classTokenBlock(x: Value, normal: Value, block: VitBlock, heads: number, epsilon: number): Value {
  const attended = attention(slice(normal, 1, 0, 1), normal, block.attention, heads); // [B, 1, D]
  return mlpResidual(add(slice(x, 1, 0, 1), attended), block, epsilon);
}

function mlpResidual(x: Value, { norm2, mlp }: VitBlock, epsilon: number): Value {
  return add(x, linear(gelu(linear(norm(x, norm2, epsilon), mlp[0])), mlp[1]));
}
