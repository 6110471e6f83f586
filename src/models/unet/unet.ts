import { ShapeError } from "../../errors.ts";
import { add, averagePool, leakyRelu, slice, type Value } from "../../graph/index.ts";
import { conv2d, convTranspose2d, instanceNorm2d } from "../../nn/index.ts";
import type { NamedWeights } from "../named-weights.ts";
import type { UNetConfig, UNetStage } from "./config.ts";
import { isStrided, layerNames } from "./names.ts";

export interface UNetOptions {
  /** Whether every decoder stage has a segmentation head, as in training; else the last one alone. */
  readonly deepSupervision: boolean;
  /** Whether the graph is only run forward, which is faster; it then has no gradient, and runs on pictures of any size. Default false. */
  readonly isForwardOnly?: boolean;
}

/** The named intermediates of a U-Net. */
export interface UNetOutputs {
  /** Logits [B, K, h, w] of the segmentation heads, full size first. Without deep supervision the first alone. */
  readonly heads: readonly Value[];
  /** Output of each encoder stage [B, F, h, w], full size first; all but the last are the skip connections. */
  readonly stages: readonly Value[];
  /** Output of each decoder stage [B, F, h, w], from the bottleneck up; the last one has full size. */
  readonly decoder: readonly Value[];
}

/**
 * A 2D U-Net as nnU-Net builds it: encoder stages of 3x3 convolutions, instance normalisations and leaky ReLUs that halve the picture, and
 * a decoder of transposed convolutions that joins each with the encoder's picture of that size.
 *
 * @param x - normalised image channels [B, C, H, W]; H and W must be multiples of the product of all strides
 * @see Isensee et al. 2021, doi:10.1038/s41592-020-01008-z; with residual blocks Isensee et al. 2024, arXiv:2404.09556
 */
export function unet(
  x: Value,
  weights: NamedWeights,
  config: UNetConfig,
  { deepSupervision, isForwardOnly = false }: UNetOptions,
): UNetOutputs {
  checkPicture(x, config);
  const network = { weights, config, isForwardOnly };
  const stages = config.kind === "plain" ? plainEncoder(x, network) : residualEncoder(x, network);
  const decoder: Value[] = [];
  for (const [s, convs] of config.decoderConvs.entries()) {
    const [below, skip] = [decoder.at(-1) ?? stages.at(-1)!, stages.at(-2 - s)!];
    const up = convTranspose2d(below, weights.linear(layerNames.up(s)), { stride: config.stages.at(-1 - s)!.stride }); // [B, F, h, w]
    const { kernel } = config.stages.at(-2 - s)!;
    let y = convNormRelu([up, skip], layerNames.decoder(s, 0), kernel, [1, 1], network);
    for (let i = 1; i < convs; i++) y = convNormRelu([y], layerNames.decoder(s, i), kernel, [1, 1], network);
    decoder.push(y); // [B, F, h, w]
  }
  const headAt = (s: number): Value => conv2d(decoder[s]!, weights.linear(layerNames.head(s))); // [B, K, h, w]
  const last = decoder.length - 1;
  const heads = deepSupervision ? decoder.map((_, i) => headAt(last - i)) : [headAt(last)];
  return { heads, stages, decoder };
}

/** What every layer reads. */
interface Network {
  readonly weights: NamedWeights;
  readonly config: UNetConfig;
  readonly isForwardOnly: boolean;
}

function plainEncoder(x: Value, network: Network): Value[] {
  const outputs: Value[] = [];
  for (const [s, { kernel, stride, blocks }] of network.config.stages.entries()) {
    let y = outputs.at(-1) ?? x;
    for (let i = 0; i < blocks; i++) y = convNormRelu([y], layerNames.plain(s, i), kernel, i === 0 ? stride : [1, 1], network);
    outputs.push(y);
  }
  return outputs;
}

function residualEncoder(x: Value, network: Network): Value[] {
  const { stages } = network.config;
  const stem = convNormRelu([x], layerNames.stem, stages[0]!.kernel, [1, 1], network);
  const outputs: Value[] = [];
  for (const [s, stage] of stages.entries()) {
    let y = outputs.at(-1) ?? stem;
    for (let b = 0; b < stage.blocks; b++) y = residualBlock(y, s, b, stage, network);
    outputs.push(y);
  }
  return outputs;
}

/**
 * Two convolutions beside a skip path: leakyRelu(Norm(Conv(leakyRelu(Norm(Conv x)))) + skip x). The skip path averages where the picture
 * becomes smaller and convolves 1x1 where the number of channels changes.
 */
function residualBlock(x: Value, s: number, b: number, { features, kernel, stride: ofStage }: UNetStage, network: Network): Value {
  const name = layerNames.block(s, b);
  const stride = b === 0 ? ofStage : ([1, 1] as const);
  const inner = convNormRelu([x], `${name}.conv1`, kernel, stride, network);
  const y = convNorm([inner], `${name}.conv2`, kernel, [1, 1], network);
  const pooled = isStrided(stride) ? averagePool(x, stride) : x;
  const skip = x.shape[1] === features ? pooled : convNorm([pooled], layerNames.skip(s, b, isStrided(stride)), [1, 1], [1, 1], network);
  return leakyRelu(add(y, skip), network.config.slope);
}

/**
 * @param parts - read side by side as channels, without being copied together
 * @param kernel - odd, so that a border of half of it keeps the size
 */
function convNorm(
  parts: readonly Value[],
  name: string,
  [rows, columns]: readonly [number, number],
  stride: readonly [number, number],
  { weights, config, isForwardOnly }: Network,
): Value {
  const padding = [(rows - 1) / 2, (columns - 1) / 2] as const;
  const { weight, bias } = weights.linear(`${name}.conv`);
  let channel = 0;
  const products = parts.map((x, i) => {
    const own = slice(weight, 1, channel, channel + x.shape[1]!);
    channel += x.shape[1]!;
    return conv2d(x, { weight: own, ...(i === 0 && bias && { bias }) }, { stride, padding });
  });
  const y = products.reduce((sum, product) => add(sum, product)); // [B, F, h, w]
  return instanceNorm2d(y, weights.norm(`${name}.norm`), config.normEps, { isForwardOnly });
}

function convNormRelu(
  parts: readonly Value[],
  name: string,
  kernel: readonly [number, number],
  stride: readonly [number, number],
  network: Network,
): Value {
  return leakyRelu(convNorm(parts, name, kernel, stride, network), network.config.slope);
}

function checkPicture({ shape }: Value, { stages, inputChannels }: UNetConfig): void {
  const [rows, columns] = [0, 1].map((axis) => stages.reduce((product, { stride }) => product * stride[axis]!, 1)) as [number, number];
  if (shape.length === 4 && shape[1] === inputChannels && shape[2]! % rows === 0 && shape[3]! % columns === 0) return;
  throw new ShapeError(
    `unet: expected images [B, ${inputChannels}, H, W] with H a multiple of ${rows} and W of ${columns}, got [${shape}]. Pad them first.`,
  );
}
