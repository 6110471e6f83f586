import {
  add,
  concat,
  constant,
  conv,
  cos,
  expand,
  gather,
  gelu,
  matmul,
  mul,
  reshape,
  sin,
  sub,
  transpose,
  type Value,
} from "../../graph/index.ts";
import { channelNorm } from "../../nn/index.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { NamedWeights } from "../named-weights.ts";
import { gridOf, type SamConfig } from "./config.ts";

const EPSILON = 1e-6;
const at = "prompt_encoder";

/** Visual prompts as graph values. Positions are pixels of the model's input (1024 a side in published models). */
export interface PromptInputs {
  readonly points?: {
    /** [1, N, 2] as x, y; without boxes and mask also [B, N, 2], answered one by one */
    readonly positions: Value;
    /** int64 [1 or B, N]: 1 lies on the target, 0 beside it */
    readonly labels: Value;
  };
  /** [B, 4] as x0, y0, x1, y1, answered one by one; points and mask go with each of them */
  readonly boxes?: Value;
  /** [1, 1, 4 g, 4 g] logits of an earlier prediction */
  readonly mask?: Value;
}

/** Prompts as the decoder takes them. */
export interface PromptEncoding {
  /** [B, N, C] tokens of points and box corners, B = 1 without boxes; absent when a mask is the only prompt. */
  readonly sparse?: Value;
  /**
   * [B, N], added to the scores by which others look at a token: 0, or so low that the token is ignored. Absent where
   * all are used.
   */
  readonly hidden?: Value;
  /** [1, C, g, g], or one for each prompt, added to the image embedding. */
  readonly dense: Value;
  /** [1, C, g, g], positions of the image embedding's tokens. */
  readonly densePositions: Value;
}

/**
 * SAM's prompt encoder: random Fourier features of positions plus a learned vector for what lies there, and a small
 * convolutional network for a mask.
 *
 *   z = 2π (2 c - 1) G,   features = [sin z, cos z],   c = (pixel + 0.5) / imageSize in [0, 1]²,   G stored [2, C / 2]
 *
 * @see Kirillov et al. 2023, arXiv:2304.02643, appendix A; Tancik et al. 2020, arXiv:2006.10739
 */
export function promptEncoder({ points, boxes, mask }: PromptInputs, weights: NamedWeights, config: SamConfig): PromptEncoding {
  const token = tokensOf(weights, config);
  const batch = boxes?.shape[0] ?? points?.positions.shape[0] ?? 1;
  const tokens: Value[] = [];
  if (points) {
    tokens.push(forEach(batch, token.points(points.positions, points.labels))); // [B, N, C]
    // Without a box the official model appends a point that is none: no position, a vector of its own.
    if (!boxes) tokens.push(forEach(batch, token.none()));
  }
  if (boxes) tokens.push(token.corners(boxes)); // [B, 2, C]
  return { ...(tokens.length > 0 && { sparse: concat(tokens, 1) }), ...planesOf(mask, weights, config) };
}

/** Tokens [1, N, C] that all prompts share, for each of them; such as are [B, N, C] stay. */
function forEach(batch: number, tokens: Value): Value {
  return tokens.shape[0] === batch ? tokens : expand(tokens, [batch, ...tokens.shape.slice(1)]);
}

/** Prompts of several kinds side by side: each row has a slot for every token that a prompt may have, of which some are used. */
export interface PromptSlots {
  /** [B, K, 2] as x, y */
  readonly positions: Value;
  /** int64 [B, K]: 1 lies on the target, 0 beside it; any where the slot is not used */
  readonly labels: Value;
  /** [B, 4] as x0, y0, x1, y1 */
  readonly boxes: Value;
  /** Masks that go with the prompts: logits [B, 1, 4 g, 4 g], and [B, 1, 1, 1], 1 where a prompt has one, else 0. */
  readonly masks?: { readonly logits: Value; readonly used: Value };
  /** [B, K + 3], 1 where a slot is used, else 0: the points, the point that is none, two corners; see `usedSlots` */
  readonly used: Value;
}

/** Added to the scores of hidden tokens: e to this power is 0. */
const unseen = -1e9;

/**
 * The encoding of prompts that are boxes, points or both, as many points as each has: every row is what `promptEncoder` makes of its
 * prompt, with hidden tokens between that no attention sees. So one graph of fixed shapes serves all of them in one batch.
 */
export function promptSlots(
  { positions, labels, boxes, masks, used }: PromptSlots,
  weights: NamedWeights,
  config: SamConfig,
): PromptEncoding {
  const token = tokensOf(weights, config);
  const none = expand(token.none(), [boxes.shape[0]!, 1, config.outChannels]);
  const sparse = concat([token.points(positions, labels), none, token.corners(boxes)], 1); // [B, K + 3, C]
  const { dense: without, densePositions } = planesOf(undefined, weights, config);
  const dense = masks ? add(mul(masks.used, maskFeatures(masks.logits, weights)), mul(sub(1, masks.used), without)) : without;
  return { sparse, hidden: mul(sub(1, used), unseen), dense, densePositions };
}

/** Which of K + 3 slots a prompt uses: its points, the point that is none where there is no box, and the corners of the box. */
export function usedSlots(points: number, hasBox: boolean, most: number): number[] {
  const slots = Array.from({ length: most }, (_, i) => (i < points ? 1 : 0));
  return [...slots, hasBox ? 0 : 1, ...(hasBox ? [1, 1] : [0, 0])];
}

/** How each kind of prompt becomes tokens. */
function tokensOf(weights: NamedWeights, { outChannels: width, imageSize }: SamConfig) {
  const kind = (index: number): Value => weights.get(`${at}.point_embeddings.${index}.weight`); // [1, C]
  const encode = (pixels: Value): Value => positionFeatures(mul(add(pixels, 0.5), 1 / imageSize), weights);
  return {
    /** [B, N, 2] and [B, N] to [B, N, C]. */
    points: (positions: Value, labels: Value): Value => add(encode(positions), gather(concat([kind(0), kind(1)], 0), labels)),
    /** [1, 1, C]. */
    none: (): Value => weights.get(`${at}.not_a_point_embed.weight`, [1, 1, width]),
    /** [B, 4] to [B, 2, C]. */
    corners: (boxes: Value): Value => add(encode(reshape(boxes, [boxes.shape[0]!, 2, 2])), concat([kind(2), kind(3)], 0)),
  };
}

/** What is added to the image embedding, and its positions, both [1, C, g, g]. */
function planesOf(mask: Value | undefined, weights: NamedWeights, config: SamConfig): Pick<PromptEncoding, "dense" | "densePositions"> {
  const { outChannels: width } = config;
  const grid = gridOf(config);
  const plane = [1, width, grid, grid];
  const dense = mask ? maskFeatures(mask, weights) : expand(weights.get(`${at}.no_mask_embed.weight`, [1, width, 1, 1]), plane);
  const centres = Float32Array.from({ length: grid * grid * 2 }, (_, i) => {
    const cell = i >> 1;
    return ((i % 2 === 0 ? cell % grid : Math.floor(cell / grid)) + 0.5) / grid;
  });
  const positions = positionFeatures(constant(tensor("float32", [1, grid * grid, 2], centres)), weights); // [1, g g, C]
  const densePositions = reshape(transpose(positions, [0, 2, 1]), plane);
  return { dense, densePositions };
}

/** Fourier features of positions in [0, 1]²: [..., 2] to [..., C]. */
function positionFeatures(positions: Value, weights: NamedWeights): Value {
  const matrix = weights.get(`${at}.pe_layer.positional_encoding_gaussian_matrix`); // [2, C / 2]
  const z = mul(matmul(sub(mul(positions, 2), 1), matrix), 2 * Math.PI);
  return concat([sin(z), cos(z)], -1);
}

/** A mask prompt brought to the size and channels of the image embedding: [B, 1, 4 g, 4 g] to [B, C, g, g]. */
function maskFeatures(mask: Value, weights: NamedWeights): Value {
  const down = `${at}.mask_downscaling`;
  const convolve = (x: Value, index: number, stride: number): Value =>
    conv(x, weights.get(`${down}.${index}.weight`), { stride, bias: weights.get(`${down}.${index}.bias`) });
  const half = gelu(channelNorm(convolve(mask, 0, 2), weights.norm(`${down}.1`), EPSILON)); // [1, 4, 2 g, 2 g]
  const quarter = gelu(channelNorm(convolve(half, 3, 2), weights.norm(`${down}.4`), EPSILON)); // [1, 16, g, g]
  return convolve(quarter, 6, 1); // [1, C, g, g]
}
