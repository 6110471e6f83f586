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
import type { Weights } from "../weights.ts";
import { gridOf, type SamConfig } from "./config.ts";

const EPSILON = 1e-6;

/** What a person points at, as values of a graph. Positions are pixels of the model's input (1024 a side in published models). */
export interface PromptInputs {
  readonly points?: {
    /** [1, N, 2] as x, y */
    readonly positions: Value;
    /** int64 [1, N]: 1 lies on the target, 0 beside it */
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
  /** [1, C, g, g], added to the image embedding. */
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
export function promptEncoder({ points, boxes, mask }: PromptInputs, weights: Weights, config: SamConfig): PromptEncoding {
  const { outChannels: width, imageSize } = config;
  const at = "prompt_encoder";
  const token = (name: string): Value => weights.get(`${at}.${name}.weight`, [1, 1, width]);
  const kinds = [0, 1, 2, 3].map((kind) => weights.get(`${at}.point_embeddings.${kind}.weight`)); // each [1, C]
  const encode = (pixels: Value): Value => positionFeatures(mul(add(pixels, 0.5), 1 / imageSize), weights);

  const batch = boxes?.shape[0] ?? 1;
  const tokens: Value[] = [];
  if (points) {
    const learned = gather(concat([kinds[0]!, kinds[1]!], 0), points.labels); // [1, N, C]
    const located = add(encode(points.positions), learned);
    tokens.push(batch === 1 ? located : expand(located, [batch, ...located.shape.slice(1)]));
    // Without a box the official model appends a point that is none: no position, a vector of its own.
    if (!boxes) tokens.push(token("not_a_point_embed"));
  }
  if (boxes) tokens.push(add(encode(reshape(boxes, [batch, 2, 2])), concat([kinds[2]!, kinds[3]!], 0))); // [B, 2, C]

  const grid = gridOf(config);
  const plane = [1, width, grid, grid];
  const dense = mask ? maskFeatures(mask, weights) : expand(weights.get(`${at}.no_mask_embed.weight`, [1, width, 1, 1]), plane);
  const centres = Float32Array.from({ length: grid * grid * 2 }, (_, i) => {
    const cell = i >> 1;
    return ((i % 2 === 0 ? cell % grid : Math.floor(cell / grid)) + 0.5) / grid;
  });
  const positions = positionFeatures(constant(tensor("float32", [1, grid * grid, 2], centres)), weights); // [1, g g, C]
  const densePositions = reshape(transpose(positions, [0, 2, 1]), plane);
  return { ...(tokens.length > 0 && { sparse: concat(tokens, 1) }), dense, densePositions };
}

/** Fourier features of positions in [0, 1]²: [..., 2] to [..., C]. */
function positionFeatures(positions: Value, weights: Weights): Value {
  const matrix = weights.get("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"); // [2, C / 2]
  const z = mul(matmul(sub(mul(positions, 2), 1), matrix), 2 * Math.PI);
  return concat([sin(z), cos(z)], -1);
}

/** A mask prompt brought to the size and channels of the image embedding: [1, 1, 4 g, 4 g] to [1, C, g, g]. */
function maskFeatures(mask: Value, weights: Weights): Value {
  const at = "prompt_encoder.mask_downscaling";
  const convolve = (x: Value, index: number, stride: number): Value =>
    conv(x, weights.get(`${at}.${index}.weight`), { stride, bias: weights.get(`${at}.${index}.bias`) });
  const half = gelu(channelNorm(convolve(mask, 0, 2), weights.norm(`${at}.1`), EPSILON)); // [1, 4, 2 g, 2 g]
  const quarter = gelu(channelNorm(convolve(half, 3, 2), weights.norm(`${at}.4`), EPSILON)); // [1, 16, g, g]
  return convolve(quarter, 6, 1); // [1, C, g, g]
}
