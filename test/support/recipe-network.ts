import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile, input } from "../../src/graph/index.ts";
import { unet, unetFamily } from "../../src/models/unet/index.ts";
import { Weights } from "../../src/models/weights.ts";
import type { PredictPatches } from "../../src/nnunet/predict/index.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { type Architecture, configOf, writeUNet } from "./unet-cases.ts";

/** A network with the recipe's weights that predicts patches; one session for each size of batch. */
export async function recipeNetwork(
  architecture: Architecture,
  { inputs, outputs, seed }: { readonly inputs: number; readonly outputs: number; readonly seed: number },
): Promise<{ readonly predict: PredictPatches; dispose(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "medclip-sam-"));
  const config = configOf(architecture, inputs, outputs);
  const weights = await Weights.open(await writeUNet(join(folder, "unet.safetensors"), config, seed), unetFamily);
  const sessions = new Map<string, ReturnType<typeof compile>>();
  const predict: PredictPatches = async (batch, shape) => {
    const key = shape.join();
    if (!sessions.has(key)) {
      const { heads } = unet(input("image", "float32", shape), weights, config, { deepSupervision: false });
      sessions.set(key, compile({ logits: heads[0]! }));
    }
    const { logits } = await (await sessions.get(key)!).run({ image: tensor("float32", shape, batch as Float32Array<ArrayBuffer>) });
    return (logits as Tensor<"float32">).data;
  };
  const dispose = async () => {
    for (const session of sessions.values()) await (await session).dispose();
    await rm(folder, { recursive: true });
  };
  return { predict, dispose };
}
