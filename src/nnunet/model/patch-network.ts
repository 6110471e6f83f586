import { compile, input } from "../../graph/index.ts";
import type { NamedWeights } from "../../models/named-weights.ts";
import { type UNetConfig, unet } from "../../models/unet/index.ts";
import type { Session, SessionOptions } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { PredictPatches } from "../predict/sliding-window.ts";

/** A network that predicts patches. It holds memory outside the JavaScript heap: call `dispose` when done. */
export interface PatchNetwork {
  readonly predict: PredictPatches;
  dispose(): Promise<void>;
}

/** The full-size head of a U-Net for patches of any size that its strides divide. Each shape of a batch gets a session, made when it first comes. */
export function patchNetwork(weights: NamedWeights, config: UNetConfig, options: SessionOptions = {}): PatchNetwork {
  const sessions = new Map<string, Promise<Session>>();
  const sessionFor = (shape: readonly number[]): Promise<Session> => {
    const known = sessions.get(shape.join());
    if (known) return known;
    const { heads } = unet(input("image", "float32", shape), weights, config, { deepSupervision: false, isForwardOnly: true });
    const session = compile({ logits: heads[0]! }, options);
    sessions.set(shape.join(), session);
    return session;
  };
  return {
    predict: async (batch, shape) => {
      const session = await sessionFor(shape);
      const { logits } = await session.run({ image: tensor("float32", shape, batch as Float32Array<ArrayBuffer>) });
      return (logits as Tensor<"float32">).data;
    },
    dispose: async () => {
      for (const session of sessions.values()) await (await session).dispose();
      sessions.clear();
    },
  };
}
