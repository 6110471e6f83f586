import { expect, test } from "vitest";
import { MadeWeights } from "../../../test/support/made-weights.ts";
import { constant } from "../../graph/index.ts";
import { type UNetConfig, unetShapes } from "../../models/unet/index.ts";
import { sizeOf, tensor } from "../../tensor/tensor.ts";
import { patchNetwork } from "./index.ts";

const config: UNetConfig = {
  ...{ kind: "plain", inputChannels: 1, outputs: 2, convBias: true, normEps: 1e-5, slope: 0.01, decoderConvs: [1] },
  stages: [
    { features: 2, kernel: [3, 3], stride: [1, 1], blocks: 1 },
    { features: 2, kernel: [3, 3], stride: [2, 2], blocks: 1 },
  ],
};

const filled = (value: number) =>
  new MadeWeights(unetShapes(config), (_, shape) => constant(tensor("float32", shape, new Float32Array(sizeOf(shape)).fill(value))));

test("weights that are not finite are an error, not an empty mask", async () => {
  for (const [value, isSound] of [
    [0.1, true],
    [Number.NaN, false],
  ] as const) {
    const network = patchNetwork(filled(value), config, { threads: 1 });
    const logits = network.predict(new Float32Array(16).fill(1), [1, 1, 4, 4]);
    if (isSound) expect(await logits).toHaveLength(32);
    else await expect(logits).rejects.toThrow("the logits are not finite numbers");
    await network.dispose();
  }
});
