import { add, concat, conv, expand, reshape, slice, transpose, type Value } from "../graph/index.ts";
import { type Linear, type Norm, norm } from "../nn/index.ts";
import { type BlockValues, type PreNormBlock, type PreNormConfig, preNormBlock } from "./pre-norm-block.ts";

/** Sizes of a vision transformer with a class token. */
export interface VitConfig extends PreNormConfig {
  /** Side of the square input in pixels. */
  readonly imageSize: number;
  /** Side of a patch in pixels. */
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  /** Width inside the MLP of a block. */
  readonly inner: number;
  /** Patches along a side in the table of positions, where it was made for images of another size. */
  readonly positionGrid?: number | undefined;
}

export interface VitWeights {
  readonly patches: Linear;
  /** [1, 1, D] */
  readonly classToken: Value;
  /** [1, T, D] */
  readonly positions: Value;
  /** Before the blocks; absent in plain transformers. */
  readonly preNorm?: Norm;
  readonly blocks: readonly PreNormBlock[];
  readonly norm: Norm;
}

/** The named intermediates of a vision transformer; T = 1 + patches, the class token first. */
export interface VitOutputs {
  /** Patches, class token and positions, before a normalisation of them, [B, T, D]. */
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
  const { bias } = weights.patches;
  const grid = conv(image, weights.patches.weight, { stride: patch, ...(bias && { bias }) }); // [B, D, g, g]
  const patches = transpose(reshape(grid, [batch, width, gridOf(config) ** 2]), [0, 2, 1]); // [B, T - 1, D]
  const tokens = concat([expand(weights.classToken, [batch, 1, width]), patches], 1); // [B, T, D]
  const embedded = add(tokens, weights.positions);
  const start = weights.preNorm ? norm(embedded, weights.preNorm, epsilon) : embedded; // [B, T, D]
  const blocks: Value[] = [];
  const inside: BlockValues[] = [];
  for (const block of weights.blocks) {
    const x = blocks.at(-1) ?? start;
    const norm1 = norm(x, block.norm1, epsilon);
    const { output, ...values } = preNormBlock({ x, norm1 }, norm1, block, config);
    blocks.push(output);
    inside.push(values);
  }
  const { norm1 } = inside[depth - 1]!;
  const classToken = { x: slice(blocks[depth - 2] ?? start, 1, 0, 1), norm1: slice(norm1, 1, 0, 1) };
  const { output, ...classInside } = preNormBlock(classToken, norm1, weights.blocks[depth - 1]!, config);
  return { embedded, blocks, inside, classInside, classToken: poolClassToken(output, weights, config) };
}

/** The class token of the last block's output after the final normalisation: [B, T, D] to [B, D]. */
export function poolClassToken(tokens: Value, weights: VitWeights, { width, epsilon }: VitConfig): Value {
  return reshape(norm(slice(tokens, 1, 0, 1), weights.norm, epsilon), [tokens.shape[0]!, width]);
}
