import { compile, constant } from "../../graph/index.ts";
import type { Linear } from "../../nn/index.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { Weights } from "../weights.ts";
import type { SamConfig } from "./config.ts";
import { type BlockLinears, blockLinears } from "./image-encoder.ts";

/**
 * The linear layers of the image encoder in 8 bits, each output's weights by their own scale: |w| ≤ 127 · scale. It takes a second
 * for ViT-B, and a quarter of the memory of the weights.
 *
 * @remarks An approximation: with random weights the embedding of ViT-B is off by 1.3 to 2 %, what that means for trained weights is
 *   not measured. x86 processors without VNNI instructions add pairs of 8-bit products in 16 bits and may lose more.
 */
export async function quantisedLinears(weights: Weights, config: SamConfig): Promise<BlockLinears[]> {
  const blocks: BlockLinears[] = [];
  // One block at a time, so that only its weights are in memory as floats.
  for (let i = 0; i < config.depth; i++) blocks.push(await quantised(blockLinears(weights, i)));
  return blocks;
}

async function quantised(linears: BlockLinears): Promise<BlockLinears> {
  const layers = Object.entries(linears) as [keyof BlockLinears, Linear][];
  // The runtime reads them, from whatever type the file has.
  const session = await compile(Object.fromEntries(layers.map(([name, { weight }]) => [name, weight])), { prepack: false });
  const values = await session.run({});
  await session.dispose();
  const changed = layers.map(([name, layer]) => [name, { ...layer, quantised: quantisedWeight(values[name] as Tensor<"float32">) }]);
  return Object.fromEntries(changed) as BlockLinears;
}

/** Weights [out, in] as int8 [in, out] and a scale for each output. */
function quantisedWeight({ data, shape }: Tensor<"float32">): NonNullable<Linear["quantised"]> {
  const [outputs, inputs] = shape as [number, number];
  const rounded = new Int8Array(data.length);
  const scales = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const row = data.subarray(o * inputs, (o + 1) * inputs);
    const scale = row.reduce((largest, weight) => Math.max(largest, Math.abs(weight)), 0) / 127 || 1;
    scales[o] = scale;
    for (let i = 0; i < inputs; i++) rounded[i * outputs + o] = Math.round(row[i]! / scale);
  }
  return { weight: constant(tensor("int8", [inputs, outputs], rounded)), scale: constant(tensor("float32", [outputs], scales)) };
}
