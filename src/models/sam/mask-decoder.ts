import {
  add,
  concat,
  constant,
  convTranspose,
  expand,
  gelu,
  matmul,
  relu,
  reshape,
  slice,
  transpose,
  type Value,
} from "../../graph/index.ts";
import { type Attention, attention, channelNorm, linear, norm } from "../../nn/index.ts";
import { zeros } from "../../tensor/tensor.ts";
import type { NamedWeights } from "../named-weights.ts";
import { gridOf, logitsSideOf, type SamConfig } from "./config.ts";
import type { PromptEncoding } from "./prompt-encoder.ts";

/** Of the normalisations inside the two-way transformer. The Hugging Face port has 1e-6 here, which moves logits by 4e-4. */
const TRANSFORMER_EPSILON = 1e-5;
const UPSCALING_EPSILON = 1e-6;

/** Tokens and image after a step of the two-way transformer, for each of B prompts. */
export interface TwoWayState {
  /** [B, T, C]: the IoU token, the mask tokens, the prompt's tokens */
  readonly queries: Value;
  /** [B, g g, C] */
  readonly keys: Value;
}

/** What the decoder computes on its way, M masks at once for each of B prompts. */
export interface MaskDecoding {
  readonly layers: readonly TwoWayState[];
  readonly transformer: TwoWayState;
  /** [B, C / 8, 4 g, 4 g] */
  readonly upscaled: Value;
  /** [B, M, C / 8], the weights by which each mask token reads `upscaled` */
  readonly hyper: Value;
  /** [B, M, 4 g, 4 g]; a pixel is in the mask where its logit is above 0 */
  readonly logits: Value;
  /** [B, M], the IoU that the model expects of each mask */
  readonly iou: Value;
}

/**
 * SAM's mask decoder: prompt tokens and image look at each other, then each mask token's vector is compared with every pixel
 * of the upscaled image.
 *
 * @param embedding - [1, C, g, g] from the image encoder. Prompts share it, so what depends on it alone is computed once for all. Or
 *   [B, C, g, g], one for each prompt
 * @see Kirillov et al. 2023, arXiv:2304.02643, section 3 and appendix A
 */
export function maskDecoder(embedding: Value, prompt: PromptEncoding, weights: NamedWeights, config: SamConfig): MaskDecoding {
  const { outChannels: width, decoder } = config;
  const at = "mask_decoder";
  const batch = prompt.sparse?.shape[0] ?? 1;
  const learned = [
    weights.get(`${at}.iou_token.weight`, [1, 1, width]),
    weights.get(`${at}.mask_tokens.weight`, [1, decoder.masks, width]),
  ];
  const own = concat(learned, 1); // [1, 1 + M, C]
  const tokens = prompt.sparse ? concat([expandRows(own, batch), prompt.sparse], 1) : own; // [B, T, C]
  const image = flattened(add(embedding, prompt.dense)); // [1 or B, g g, C]
  const hidden = prompt.hidden && behindOwn(prompt.hidden, own.shape[1]!);
  const { layers, transformer } = twoWayTransformer(tokens, image, flattened(prompt.densePositions), hidden, weights, config);

  const grid = gridOf(config);
  const side = logitsSideOf(config);
  const upscaled = upscale(reshape(transpose(transformer.keys, [0, 2, 1]), [batch, width, grid, grid]), weights); // [B, C / 8, 4 g, 4 g]
  const head = (name: string, i: number): Value => perceptron(slice(transformer.queries, 1, i, i + 1), weights, `${at}.${name}`); // [B, 1, out]
  const hyper = concat(
    Array.from({ length: decoder.masks }, (_, i) => head(`output_hypernetworks_mlps.${i}`, i + 1)),
    1,
  ); // [B, M, C / 8]
  const pixels = reshape(upscaled, [batch, width / 8, side * side]);
  const logits = reshape(matmul(hyper, pixels), [batch, decoder.masks, side, side]);
  const iou = reshape(head("iou_prediction_head", 0), [batch, decoder.masks]);
  return { layers, transformer, upscaled, hyper, logits, iou };
}

/**
 * In each layer tokens attend to one another, then to the image; after an MLP the image attends to the tokens. Tokens carry
 * their initial values, and pixels their positions, into every attention as an addition to queries and keys.
 */
function twoWayTransformer(
  tokens: Value,
  image: Value,
  positions: Value,
  hidden: Value | undefined,
  weights: NamedWeights,
  { decoder }: SamConfig,
): { layers: TwoWayState[]; transformer: TwoWayState } {
  const at = "mask_decoder.transformer";
  const projections = (name: string): Attention => ({
    query: weights.linear(`${name}.q_proj`),
    key: weights.linear(`${name}.k_proj`),
    value: weights.linear(`${name}.v_proj`),
    out: weights.linear(`${name}.out_proj`),
  });
  const normalise = (x: Value, name: string): Value => norm(x, weights.norm(name), TRANSFORMER_EPSILON);
  const attend = (q: Value, k: Value, v: Value, name: string, mask?: Value): Value =>
    attention(q, k, projections(name), decoder.heads, v, mask);

  let queries = tokens;
  let keys = image;
  const layers: TwoWayState[] = [];
  for (let i = 0; i < decoder.depth; i++) {
    const layer = `${at}.layers.${i}`;
    if (i === 0) {
      // The first layer has nothing to add to yet: no positions, and the attention's output replaces the tokens.
      queries = attend(queries, queries, queries, `${layer}.self_attn`, hidden);
    } else {
      const q = add(queries, tokens);
      queries = add(queries, attend(q, q, queries, `${layer}.self_attn`, hidden));
    }
    queries = normalise(queries, `${layer}.norm1`);

    queries = add(queries, attend(add(queries, tokens), add(keys, positions), keys, `${layer}.cross_attn_token_to_image`));
    queries = normalise(queries, `${layer}.norm2`);

    const wide = relu(linear(queries, weights.linear(`${layer}.mlp.lin1`)));
    queries = normalise(add(queries, linear(wide, weights.linear(`${layer}.mlp.lin2`))), `${layer}.norm3`);

    const seen = attend(add(keys, positions), add(queries, tokens), queries, `${layer}.cross_attn_image_to_token`, hidden); // [B, g g, C]
    // Only sums of equal shapes are fused with the normalisation, which rounds otherwise than the two do one by one.
    keys = normalise(add(i === 0 ? expandRows(keys, seen.shape[0]!) : keys, seen), `${layer}.norm4`);
    layers.push({ queries, keys });
  }
  queries = add(queries, attend(add(queries, tokens), add(keys, positions), keys, `${at}.final_attn_token_to_image`));
  return { layers, transformer: { queries: normalise(queries, `${at}.norm_final_attn`), keys } };
}

/** Twice as large, twice: [B, C, g, g] to [B, C / 8, 4 g, 4 g]. */
function upscale(x: Value, weights: NamedWeights): Value {
  const at = "mask_decoder.output_upscaling";
  const double = (y: Value, index: number): Value =>
    convTranspose(y, weights.get(`${at}.${index}.weight`), { stride: 2, bias: weights.get(`${at}.${index}.bias`) });
  const twice = gelu(channelNorm(double(x, 0), weights.norm(`${at}.1`), UPSCALING_EPSILON)); // [B, C / 4, 2 g, 2 g]
  return gelu(double(twice, 3)); // [B, C / 8, 4 g, 4 g]
}

/** Three linear layers with ReLU between them. */
function perceptron(x: Value, weights: NamedWeights, name: string): Value {
  const [first, second, last] = [0, 1, 2].map((i) => weights.linear(`${name}.layers.${i}`));
  return linear(relu(linear(relu(linear(x, first!)), second!)), last!);
}

/** [1, ...] repeated along the first axis. */
function expandRows(x: Value, count: number): Value {
  return count === 1 ? x : expand(x, [count, ...x.shape.slice(1)]);
}

/** What hides prompt tokens [B, N], as an addition to the scores of all tokens: [B, 1, 1, T], 0 for the decoder's own. */
function behindOwn(hidden: Value, own: number): Value {
  const [batch, count] = hidden.shape as [number, number];
  return reshape(concat([constant(zeros("float32", [batch, own])), hidden], 1), [batch, 1, 1, own + count]);
}

/** [B, C, g, g] to [B, g g, C]. */
function flattened(x: Value): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return transpose(reshape(x, [batch, channels, height * width]), [0, 2, 1]);
}
