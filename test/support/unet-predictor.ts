import { compile, input } from "../../src/graph/index.ts";
import { type UNetConfig, unet, unetFamily } from "../../src/models/unet/index.ts";
import { Weights } from "../../src/models/weights.ts";
import type { PredictPatches } from "../../src/nnunet/predict/index.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";

/** A U-Net that predicts patches; one session for each size of batch. */
export async function unetPredictor(
  file: string,
  config: UNetConfig,
): Promise<{ readonly predict: PredictPatches; dispose(): Promise<void> }> {
  const weights = await Weights.open(file, unetFamily);
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
  };
  return { predict, dispose };
}
