import { concat, leakyRelu, reshape, slice, transpose, type Value } from "../graph/index.ts";
import { conv2d, convTranspose2d, instanceNorm2d } from "../nn/index.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import type { NamedWeights } from "./named-weights.ts";

/**
 * Sizes of a convolutional branch beside a vision transformer, which gives features on a finer grid than the patches: an encoder whose level i
 * has stride 2^(i + 1), the transformer's patches at the last level, and a decoder back to a finer one.
 */
export interface DenseBranchConfig {
  /** Channels of each level of the encoder; the last level has the stride of the patches. */
  readonly channels: readonly number[];
  /** Pixels between two of its features, along each axis: the stride of the level at which the decoder ends. */
  readonly stride: number;
}

/** Slope of the leaky ReLU below 0. */
const slope = 0.01;

/** Stride of a level of the encoder. */
const strideOf = (level: number): number => 2 ** (level + 1);

/** Levels of the decoder, from the coarsest to the one at which it ends. */
function decoderLevels({ channels, stride }: DenseBranchConfig): number[] {
  const levels = channels.map((_, level) => level).filter((level) => level < channels.length - 1 && strideOf(level) >= stride);
  return levels.reverse();
}

/**
 * Names and shapes of the branch's tensors.
 *
 * @param root - what the names begin with
 * @param width - of the transformer's tokens
 * @param embed - width of the shared space
 */
export function denseBranchTensors(root: string, config: DenseBranchConfig, width: number, embed: number): Map<string, Shape> {
  const { channels } = config;
  const tensors = new Map<string, Shape>();
  const block = (name: string, out: number, inner: number) => {
    tensors.set(`${name}.conv.weight`, [out, inner, 3, 3]);
    for (const part of ["norm.weight", "norm.bias"]) tensors.set(`${name}.${part}`, [out]);
  };
  for (const [level, count] of channels.entries()) {
    block(`${root}.encoder.${level}.0`, count, channels[level - 1] ?? 3);
    block(`${root}.encoder.${level}.1`, count, count);
  }
  const deepest = channels.at(-1)!;
  block(`${root}.joined`, deepest, deepest + width);
  let below = deepest;
  for (const level of decoderLevels(config)) {
    const count = channels[level]!;
    tensors.set(`${root}.decoder.${level}.up.weight`, [below, count, 2, 2]);
    block(`${root}.decoder.${level}.0`, count, 2 * count);
    block(`${root}.decoder.${level}.1`, count, count);
    below = count;
  }
  tensors.set(`${root}.proj.weight`, [embed, below, 1, 1]);
  tensors.set(`${root}.logit_scale`, []);
  tensors.set(`${root}.logit_bias`, []);
  return tensors;
}

/**
 * Features on the branch's grid in the shared space, before normalisation.
 *
 * @param image - normalised pixels [B, 3, S, S]
 * @param tokens - of the transformer's last block, [B, 1 + g · g, D], the class token first
 * @returns [B, G · G, E] row by row, where G = S / stride
 * @see Ronneberger et al. 2015, arXiv:1505.04597; Chen et al. 2021, arXiv:2102.04306, for a transformer at the lowest level
 */
export function denseBranch(root: string, image: Value, tokens: Value, weights: NamedWeights, config: DenseBranchConfig): Value {
  const block = (name: string, x: Value, stride = 1): Value => {
    const y = conv2d(x, { weight: weights.get(`${name}.conv.weight`) }, { stride, padding: 1 });
    return leakyRelu(instanceNorm2d(y, weights.norm(`${name}.norm`)), slope);
  };
  const levels: Value[] = [];
  for (const level of config.channels.keys()) {
    const halved = block(`${root}.encoder.${level}.0`, levels[level - 1] ?? image, 2);
    levels.push(block(`${root}.encoder.${level}.1`, halved));
  }
  const deepest = levels.at(-1)!; // [B, C, g, g]
  let x = block(`${root}.joined`, concat([deepest, pictureOf(tokens, deepest.shape)], 1));
  for (const level of decoderLevels(config)) {
    const up = convTranspose2d(x, { weight: weights.get(`${root}.decoder.${level}.up.weight`) }, { stride: 2 });
    x = block(`${root}.decoder.${level}.1`, block(`${root}.decoder.${level}.0`, concat([up, levels[level]!], 1)));
  }
  const features = conv2d(x, { weight: weights.get(`${root}.proj.weight`) }); // [B, E, G, G]
  const [batch, embed, ...grid] = features.shape as [number, number, number, number];
  return transpose(reshape(features, [batch, embed, sizeOf(grid)]), [0, 2, 1]);
}

/** Tokens [B, 1 + g · g, D] without the class token as a picture [B, D, g, g]. */
function pictureOf(tokens: Value, [batch, , height, width]: Shape): Value {
  const patches = slice(tokens, 1, 1, tokens.shape[1]!);
  return reshape(transpose(patches, [0, 2, 1]), [batch!, tokens.shape[2]!, height!, width!]);
}

/** The sizes of the branch that lies in some weights; undefined where there is none. */
export function denseBranchOf(root: string, weights: NamedWeights): DenseBranchConfig | undefined {
  const channels: number[] = [];
  for (;;) {
    const name = `${root}.encoder.${channels.length}.0.conv.weight`;
    if (!weights.has(name)) break;
    channels.push(weights.shapeOf(name)[0]!);
  }
  if (channels.length === 0) return undefined;
  const finest = channels.findIndex((_, level) => weights.has(`${root}.decoder.${level}.up.weight`));
  return { channels, stride: strideOf(finest < 0 ? channels.length - 1 : finest) };
}
