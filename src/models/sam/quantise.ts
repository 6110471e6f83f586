import { MedclipSamError } from "../../errors.ts";
import { compile, constant, input, matmul, slice, type Value } from "../../graph/index.ts";
import { type Linear, linear } from "../../nn/index.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { uniform } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { thenDispose } from "../../then-dispose.ts";
import { finiteWeights } from "../finite.ts";
import type { Weights } from "../weights.ts";
import type { SamConfig } from "./config.ts";
import { type BlockLinears, blockLinears } from "./image-encoder.ts";

/** Precision of the image encoder's matrix products. */
export const samPrecisions = ["float32", "int8"] as const;
export type SamPrecision = (typeof samPrecisions)[number];

/**
 * The linear layers of the image encoder in 8 bits. It takes a second for ViT-B, and a quarter of the memory of the weights.
 *
 * @remarks An approximation: the embedding of ViT-B with random weights is off by 2 to 3 %, that of the phantom pack's small trained
 *   SAM by 0.5 %; for published weights it is not measured. `quantisedWeight` tells why all processors give the same result.
 * @throws WeightsError that names a tensor with values that are not finite
 */
export async function quantisedLinears(weights: Weights, config: SamConfig): Promise<BlockLinears[]> {
  const blocks: BlockLinears[] = [];
  // One block at a time, so that only its weights are in memory as floats.
  for (let i = 0; i < config.depth; i++) blocks.push(await quantised(weights, i));
  return blocks;
}

/** Layers of a block with their weights in 8 bits beside those of the file. */
async function quantised(weights: Weights, index: number): Promise<BlockLinears> {
  const layers = Object.entries(blockLinears(weights, index)) as [keyof BlockLinears, Linear][];
  const values = await valuesOf(Object.fromEntries(layers.map(([name, { weight }]) => [name, weight])));
  const changed = layers.map(([name, layer]) => [
    name,
    { ...layer, quantised: inGraph(quantisedWeight(finiteLayer(values[name]!, weights, index, name))) },
  ]);
  return Object.fromEntries(changed) as BlockLinears;
}

/** The tensor that holds a layer. */
const tensorOf: Readonly<Record<keyof BlockLinears, string>> = {
  query: "attn.qkv",
  key: "attn.qkv",
  value: "attn.qkv",
  out: "attn.proj",
  lin1: "mlp.lin1",
  lin2: "mlp.lin2",
};

function finiteLayer(values: Tensor<"float32">, weights: Weights, index: number, layer: keyof BlockLinears): Tensor<"float32"> {
  const names = weights.namesOf(`image_encoder.blocks.${index}.${tensorOf[layer]}.weight`);
  finiteWeights(values.data, names.join('", "'), weights.file);
  return values;
}

/** Weights as floats. The runtime reads them, from whatever type the file has. */
async function valuesOf(weights: Readonly<Record<string, Value>>): Promise<Record<string, Tensor<"float32">>> {
  const session = await compile(weights, { prepack: false });
  return (await thenDispose(() => session.run({}), session)) as Record<string, Tensor<"float32">>;
}

const inGraph = ({ rounded, scale }: QuantisedWeight) => ({ weight: constant(rounded), scale: constant(scale) });

/** Weights of a linear layer in 8 bits. */
export interface QuantisedWeight {
  /** [in, out] */
  readonly rounded: Tensor<"int8">;
  /** [out], what each column is multiplied with. */
  readonly scale: Tensor<"float32">;
}

/**
 * Weights [out, in] as int8 [in, out] and a scale for each output, the least with |w| ≤ 127 and |w₂ₖ| + |w₂ₖ₊₁| ≤ 128.
 *
 * x86 processors without VNNI multiply 8-bit activations a ≤ 255 by pairs of neighbouring weights and add each pair in 16 bits, which
 * saturate: a₂ₖ w₂ₖ + a₂ₖ₊₁ w₂ₖ₊₁ must stay within ±32767 = ±(255 · 128 + 127) for the sum to be what other processors compute.
 * Plain 7-bit weights would do as well; they cost more precision (1.9 % of a layer's output, this 1.6 %, unlimited pairs 1.4 %).
 *
 * @see Intel, "Nuances of int8 computations", in the developer guide of oneDNN; ONNX Runtime's kernels QgemmU8S8KernelAvx2 and -Avx512Core
 */
export function quantisedWeight({ data, shape }: Tensor<"float32">): QuantisedWeight {
  const [outputs, inputs] = shape as [number, number];
  const rounded = new Int8Array(data.length);
  const scales = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const row = data.subarray(o * inputs, (o + 1) * inputs);
    let largestPair = 0;
    for (let i = 0; i < inputs; i += 2) largestPair = Math.max(largestPair, Math.abs(row[i]!) + Math.abs(row[i + 1] ?? 0));
    // 127 for the pair, not 128: rounding may add a half to each of the two.
    const scale = largestPair / 127 || 1;
    scales[o] = scale;
    for (let i = 0; i < inputs; i++) rounded[i * outputs + o] = Math.round(row[i]! / scale);
  }
  return { rounded: tensor("int8", [inputs, outputs], rounded), scale: tensor("float32", [outputs], scales) };
}

/** The precision to use, given the requested one. */
export interface UsablePrecision {
  readonly precision: SamPrecision;
  /** A sentence for the user if it is not the requested precision; otherwise empty. */
  readonly warnings: readonly string[];
}

/**
 * Largest error of a layer in 8 bits, as the length of the difference relative to that of the output, where both sides have the same
 * rounded weights. Rounding the activations makes 0.004; pairs that saturate make 0.03 to 0.4.
 */
const tolerance = 0.02;

/** What the comparison computes, tokens by outputs: enough for the kernels of whole matrices, and done in milliseconds. */
const [ROWS, OUTPUTS] = [16, 64];

/**
 * The requested precision, except for int8 on a machine that computes it wrongly: there it is float32, with a warning. Each family of
 * processors has its own 8-bit kernels, so a part of the encoder's first layer is computed in both precisions, on the device that
 * will be used.
 *
 * @throws WeightsError when that part has values that are not finite
 */
export async function usablePrecision(asked: SamPrecision, weights: Weights, options: SessionOptions): Promise<UsablePrecision> {
  if (asked === "float32") return { precision: asked, warnings: [] };
  const problem = await problemOf(weights, options);
  if (problem === undefined) return { precision: asked, warnings: [] };
  return {
    precision: "float32",
    warnings: [`8-bit arithmetic cannot be used on this machine, so images are encoded in float32: ${problem}.`],
  };
}

/** What is wrong with products of 8-bit numbers; nothing where they are those of float32. */
async function problemOf(weights: Weights, options: SessionOptions): Promise<string | undefined> {
  const { weight: whole } = blockLinears(weights, 0).query;
  const weight = slice(whole, 0, 0, Math.min(OUTPUTS, whole.shape[0]!));
  const { rounded, scale } = quantisedWeight(finiteLayer((await valuesOf({ weight })).weight!, weights, 0, "query"));
  const [inputs, outputs] = rounded.shape as [number, number];
  const floats = Float32Array.from(rounded.data, (integer, i) => integer * scale.data[i % outputs]!);
  const random = uniform("first layer", 1);
  const tokens = tensor(
    "float32",
    [ROWS, inputs],
    Float32Array.from({ length: ROWS * inputs }, (_, i) => 2 * random.at(i) - 1),
  );
  const x = input("x", "float32", tokens.shape);
  const float32 = matmul(x, constant(tensor("float32", rounded.shape, floats)));
  const int8 = linear(x, { weight, quantised: inGraph({ rounded, scale }) });
  let found: Readonly<Record<string, Tensor>>;
  try {
    const session = await compile({ float32, int8 }, options);
    found = await thenDispose(() => session.run({ x: tokens }), session);
  } catch (error) {
    if (error instanceof MedclipSamError) throw error;
    return (error as Error).message.trim().replace(/\.$/, "");
  }
  const error = relativeError(found.int8!.data as Float32Array, found.float32!.data as Float32Array);
  if (error <= tolerance) return undefined;
  const percent = Number.isNaN(error) ? "is not a number" : `differs from float32 by ${Math.round(100 * error)} %`;
  return `the int8 output of SAM's first layer ${percent}; rounding explains at most ${100 * tolerance} %`;
}

/** |found - expected| / |expected|; 0 where they are the same. */
function relativeError(found: Float32Array, expected: Float32Array): number {
  let [error, length] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    error += (found[i]! - expected[i]!) ** 2;
    length += expected[i]! ** 2;
  }
  return error === 0 ? 0 : Math.sqrt(error / length); // a layer of zeros is exact
}
