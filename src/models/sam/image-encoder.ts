import { add, conv, crop, gelu, pad, reshape, transpose, type Value } from "../../graph/index.ts";
import { channelNorm, type Linear, linear, norm } from "../../nn/index.ts";
import type { NamedWeights } from "../named-weights.ts";
import { adapter } from "./_adapter.ts";
import { type RelativeAttention, relativeAttention } from "./_relative-attention.ts";
import type { SamConfig } from "./config.ts";

const EPSILON = 1e-6;

export interface ImageEncoderOptions {
  /** Queries of the global attention that are computed at once: fewer take less memory and more time. */
  readonly queriesAChunk?: number | undefined;
  /** The linear layers of each block, by default as the file has them. */
  readonly linears?: readonly BlockLinears[] | undefined;
}

/** The linear layers of a block, in which nearly all of its weights are. */
export interface BlockLinears {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly out: Linear;
  readonly lin1: Linear;
  readonly lin2: Linear;
}

/** The linear layers of a block as the file has them. */
export function blockLinears(weights: NamedWeights, index: number): BlockLinears {
  const name = `image_encoder.blocks.${index}`;
  const [query, key, value] = weights.fused(`${name}.attn.qkv`);
  const [out, lin1, lin2] = ["attn.proj", "mlp.lin1", "mlp.lin2"].map((layer) => weights.linear(`${name}.${layer}`));
  return { query, key, value, out: out!, lin1: lin1!, lin2: lin2! };
}

/** What the image encoder computes on its way; g = imageSize / patch. */
export interface ImageEncoding {
  /** [B, g, g, D], before the position map is added. */
  readonly patches: Value;
  /** The output of each block, [B, g, g, D]. */
  readonly blocks: readonly Value[];
  /** The neck after its first convolution, first normalisation and second convolution, [B, C, g, g]. */
  readonly neck: readonly [projected: Value, normalised: Value, mixed: Value];
  /** [B, C, g, g]: all that the decoder needs of the image. */
  readonly embedding: Value;
}

/**
 * SAM's image encoder: a ViT without class token whose blocks attend within windows, a few of them over the whole image, and
 * a neck of two convolutions.
 *
 * @param image - [B, 3, S, S], normalised and padded
 * @see Kirillov et al. 2023, arXiv:2304.02643, appendix A; Li et al. 2022, arXiv:2203.16527 (plain ViT with windows)
 */
export function imageEncoder(image: Value, weights: NamedWeights, config: SamConfig, options: ImageEncoderOptions = {}): ImageEncoding {
  const bias = weights.get("image_encoder.patch_embed.proj.bias");
  const projected = conv(image, weights.get("image_encoder.patch_embed.proj.weight"), { stride: config.patch, bias }); // [B, D, g, g]
  const patches = transpose(projected, [0, 2, 3, 1]); // [B, g, g, D]
  const blocks: Value[] = [];
  let x = add(patches, weights.get("image_encoder.pos_embed")); // [B, g, g, D]
  for (let i = 0; i < config.depth; i++) {
    x = block(x, weights, config, i, options);
    blocks.push(x);
  }
  const narrow = conv(transpose(x, [0, 3, 1, 2]), weights.get("image_encoder.neck.0.weight")); // [B, C, g, g]
  const normalised = channelNorm(narrow, weights.norm("image_encoder.neck.1"), EPSILON);
  const mixed = conv(normalised, weights.get("image_encoder.neck.2.weight"), { padding: 1 });
  const embedding = channelNorm(mixed, weights.norm("image_encoder.neck.3"), EPSILON);
  return { patches, blocks, neck: [narrow, normalised, mixed], embedding };
}

/** x + attention(LN(x)), then x + mlp(n), n = LN(x), and adapter(n) where the model has one; [B, g, g, D] to the same. */
function block(x: Value, weights: NamedWeights, config: SamConfig, index: number, { queriesAChunk, linears }: ImageEncoderOptions): Value {
  const name = `image_encoder.blocks.${index}`;
  const { lin1, lin2, ...projections } = linears?.[index] ?? blockLinears(weights, index);
  const layer: RelativeAttention = {
    ...projections,
    rows: weights.get(`${name}.attn.rel_pos_h`),
    columns: weights.get(`${name}.attn.rel_pos_w`),
  };
  const normal = norm(x, weights.norm(`${name}.norm1`), EPSILON);
  const attended = config.globalBlocks.includes(index)
    ? relativeAttention(normal, layer, config.heads, queriesAChunk)
    : windowedAttention(normal, layer, config);
  const y = add(x, attended);
  const n = norm(y, weights.norm(`${name}.norm2`), EPSILON);
  const z = add(y, linear(gelu(linear(n, lin1)), lin2));
  return config.adapterWidth === undefined ? z : add(z, adapter(n, weights, `${name}.Adapter`));
}

/**
 * Attention within windows of w x w tokens. Zeros fill the grid up to whole windows at the right and the bottom; they are
 * attended to like any token, as in the official model.
 */
function windowedAttention(x: Value, layer: RelativeAttention, { window, heads }: SamConfig): Value {
  const [batch, grid, , width] = x.shape as [number, number, number, number];
  const count = Math.ceil(grid / window); // windows a side
  const missing = count * window - grid;
  const padded = pad(x, [0, 0, 0, 0], [0, missing, missing, 0]); // [B, n w, n w, D]
  const split = transpose(reshape(padded, [batch * count, window, count, window, width]), [0, 2, 1, 3, 4]); // [B n, n, w, w, D]
  const attended = relativeAttention(reshape(split, [batch * count * count, window, window, width]), layer, heads); // [B n n, w, w, D]
  const joined = transpose(reshape(attended, [batch * count, count, window, window, width]), [0, 2, 1, 3, 4]); // [B n, w, n, w, D]
  return crop(reshape(joined, padded.shape), [0, 0, 0, 0], x.shape); // [B, g, g, D]
}
