import type { UNetConfig } from "../../src/models/unet/index.ts";
import { unetShapes } from "../../src/models/unet/index.ts";
import { normal, uniform } from "../../src/tensor/random.ts";
import { recipePieces } from "../../src/tensor/recipe.ts";
import { writeSafetensorsStream } from "../../src/tensor/safetensors.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";

/** The arguments of nnU-Net's network classes as plans and cases list them. */
export interface Architecture {
  readonly n_stages: number;
  readonly features_per_stage: readonly number[];
  readonly kernel_sizes: readonly (readonly [number, number])[];
  readonly strides: readonly (readonly [number, number])[];
  readonly n_conv_per_stage?: readonly number[];
  readonly n_blocks_per_stage?: readonly number[];
  readonly n_conv_per_stage_decoder: readonly number[];
  readonly conv_bias: boolean;
  readonly norm_op_kwargs: { readonly eps: number };
}

export function configOf(architecture: Architecture, inputChannels: number, outputs: number): UNetConfig {
  const {
    features_per_stage: features,
    kernel_sizes: kernels,
    strides,
    n_conv_per_stage: convs,
    n_blocks_per_stage: blocks,
  } = architecture;
  return {
    kind: convs ? "plain" : "residual-encoder",
    inputChannels,
    outputs,
    stages: features.map((count, s) => ({ features: count, kernel: kernels[s]!, stride: strides[s]!, blocks: (convs ?? blocks)![s]! })),
    decoderConvs: architecture.n_conv_per_stage_decoder,
    convBias: architecture.conv_bias,
    normEps: architecture.norm_op_kwargs.eps,
    slope: 0.01,
  };
}

/** Writes a U-Net with the recipe's weights, under the first names. */
export async function writeUNet(file: string, config: UNetConfig, seed: number): Promise<string> {
  const entries = [...unetShapes(config)].map(([name, shape]) => ({ name, dtype: "float32" as const, shape }));
  await writeSafetensorsStream(file, entries, ({ name, shape }) => recipePieces("unet", name, shape, seed));
  return file;
}

/** `field` of the cases' README: six cosine waves with seeded amplitudes, lengths and phases, [h, w] in float64. */
export function field(name: string, height: number, width: number, seed: number): Float64Array {
  const random = uniform(name, seed);
  const values = new Float64Array(height * width);
  for (let k = 0; k < 6; k++) {
    const [fx, fy] = [Math.floor(5 * random.at(4 * k)), Math.floor(5 * random.at(4 * k + 1))];
    const [phase, amplitude] = [random.at(4 * k + 2), 0.2 + random.at(4 * k + 3)];
    for (let i = 0; i < values.length; i++) {
      const [x, y] = [i % width, Math.floor(i / width)];
      values[i]! += amplitude * Math.cos(2 * Math.PI * ((fx * x) / width + (fy * y) / height + phase));
    }
  }
  return values;
}

/** `picture` of the cases' README: a field for each channel and image, with noise, [n, c, h, w]. */
export function picture(name: string, shape: readonly [number, number, number, number], seed: number): Tensor<"float32"> {
  const [images, channels, height, width] = shape;
  const plane = height * width;
  const noise = normal(`${name}/noise`, seed, images * channels * plane);
  const data = new Float32Array(noise.length);
  for (let i = 0; i < images * channels; i++) {
    const smooth = field(`${name}/${Math.floor(i / channels)}/${i % channels}`, height, width, seed);
    for (let p = 0; p < plane; p++) data[i * plane + p] = smooth[p]! + 0.5 * noise[i * plane + p]!;
  }
  return tensor("float32", shape, data);
}
