import { compile, input } from "../../graph/index.ts";
import { finite } from "../../models/finite.ts";
import type { NamedWeights } from "../../models/named-weights.ts";
import { type UNetConfig, unet } from "../../models/unet/index.ts";
import type { Session, SessionOptions } from "../../runtime/session.ts";
import { SessionCache } from "../../runtime/session-cache.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { PredictPatches } from "../predict/sliding-window.ts";

/** A network that predicts patches. It holds memory outside the JavaScript heap: call `dispose` when done. */
export interface PatchNetwork {
  readonly predict: PredictPatches;
  dispose(): Promise<void>;
}

/** Sessions kept open: the last batch of an image may be smaller than the others. */
const mostSessions = 4;

/**
 * The full-size head of a U-Net for patches of any size that its strides divide. Each shape of a batch gets a session, made when it first comes.
 *
 * Its `predict` throws a WeightsError when the logits are not finite: NaN would go on in silence, as an empty mask.
 */
export function patchNetwork(
  weights: NamedWeights & { readonly file?: string },
  config: UNetConfig,
  options: SessionOptions = {},
): PatchNetwork {
  const sessions = new SessionCache<Session>(mostSessions);
  const open = (shape: readonly number[]): Promise<Session> => {
    const { heads } = unet(input("image", "float32", shape), weights, config, { deepSupervision: false, isForwardOnly: true });
    return compile({ logits: heads[0]! }, options);
  };
  return {
    predict: async (batch, shape) => {
      const image = tensor("float32", shape, batch as Float32Array<ArrayBuffer>);
      const { logits } = await sessions.use(
        shape.join(),
        () => open(shape),
        (session) => session.run({ image }),
      );
      return finite((logits as Tensor<"float32">).data, "the logits", weights.file ?? "weights in memory");
    },
    dispose: () => sessions.dispose(),
  };
}
