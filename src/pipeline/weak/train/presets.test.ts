import { expect, test } from "vitest";
import type { Plan2d } from "../../../nnunet/index.ts";
import { limitedPlan, trainPresets } from "./presets.ts";

const stage = (features: number, stride: number) => ({
  ...{ features, kernel: [3, 3] as const, stride: [stride, stride] as const, blocks: 2 },
});

const plan: Plan2d = {
  ...{ batchSize: 49, patchSize: [256, 320], medianSize: [250, 310], spacing: [1, 1], batchDice: true },
  ...{ normalisation: ["ZScoreNormalization"], useMaskForNorm: [false] },
  network: {
    ...{ kind: "plain", convBias: true, normEps: 1e-5, slope: 0.01, decoderConvs: [2, 2, 2] },
    stages: [stage(32, 1), stage(64, 2), stage(128, 2), stage(512, 2)],
  },
};

test("limits make the network, the patch and the batch smaller, and the patch fits the strides", () => {
  const { network, patchSize, batchSize } = limitedPlan(plan, { features: 16, mostFeatures: 100, patch: 197, batch: 8 });
  expect(network.stages.map(({ features }) => features)).toEqual([16, 32, 64, 100]);
  expect([patchSize, batchSize]).toEqual([[192, 192], 8]);
});

test("limits above the plan change nothing", () => {
  expect(limitedPlan(plan, { features: 64, mostFeatures: 1024, patch: 512, batch: 64 })).toEqual(plan);
  expect(limitedPlan(plan, {})).toEqual(plan);
});

test("a patch smaller than the strides becomes as large as they need", () => {
  expect(limitedPlan(plan, { patch: 3 }).patchSize).toEqual([8, 8]);
});

test("the epochs of each preset divide into its cycles", () => {
  for (const { epochs, cycles } of Object.values(trainPresets)) expect(epochs % cycles).toBe(0);
});
