import { expect, test } from "vitest";
import { describeWith, sharedJson, sharedNames } from "../../../test/support/shared-data.ts";
import { plansFromJson } from "./plans-from-json.ts";
import { plansJson } from "./plans-json.ts";
import type { Plans } from "./types.ts";

const small: Plans = {
  datasetName: "Dataset001_Small",
  plansName: "nnUNetPlans",
  planner: "ExperimentPlanner",
  imageReader: "NaturalImage2DIO",
  medianSpacing: [999, 1, 1],
  medianShape: [1, 32, 48],
  intensities: [{ mean: 1, median: 1, min: 0, max: 2, std: 0.5, percentile_00_5: 0, percentile_99_5: 2 }],
  plan2d: {
    batchSize: 2,
    patchSize: [32, 48],
    medianSize: [32, 48],
    spacing: [1, 1],
    normalisation: ["CTNormalization"],
    useMaskForNorm: [false],
    batchDice: true,
    network: {
      kind: "residual-encoder",
      stages: [
        { features: 8, kernel: [3, 3], stride: [1, 1], blocks: 1 },
        { features: 16, kernel: [1, 3], stride: [1, 2], blocks: 3 },
      ],
      decoderConvs: [1],
      convBias: true,
      normEps: 1e-5,
      slope: 0.01,
    },
  },
};

type Json = Record<string, unknown> & { configurations: { "2d": Record<string, unknown> } & Record<string, unknown> };

const written = (): Json => JSON.parse(JSON.stringify(plansJson(small)));

/** The file with changes to its 2D configuration. */
const changed = (changes: Record<string, unknown>): Json => {
  const json = written();
  Object.assign(json.configurations["2d"], changes);
  return json;
};

/** The file with changes to the network's arguments. */
const withArguments = (changes: Record<string, unknown>): Json => {
  const json = written();
  const { architecture } = json.configurations["2d"] as { architecture: { arch_kwargs: object } };
  Object.assign(architecture.arch_kwargs, changes);
  return json;
};

test("what is written is read back", () => {
  expect(plansFromJson(written(), "plans.json")).toEqual(small);
});

test("another slope survives", () => {
  const steep = { ...small, plan2d: { ...small.plan2d, network: { ...small.plan2d.network, slope: 0.1 } } };
  expect(plansFromJson(JSON.parse(JSON.stringify(plansJson(steep))), "plans.json")).toEqual(steep);
});

test("one number stands for all stages", () => {
  const { network } = plansFromJson(withArguments({ n_blocks_per_stage: 2, n_conv_per_stage_decoder: 4 }), "plans.json").plan2d;
  expect(network.stages.map(({ blocks }) => blocks)).toEqual([2, 2]);
  expect(network.decoderConvs).toEqual([4]);
});

test("a configuration inherits from another", () => {
  const json = written();
  json.configurations.larger = { inherits_from: "2d", batch_size: 40 };
  expect(plansFromJson(json, "plans.json", { configuration: "larger" }).plan2d).toEqual({ ...small.plan2d, batchSize: 40 });
  json.configurations.larger = { inherits_from: "larger" };
  expect(() => plansFromJson(json, "plans.json", { configuration: "larger" })).toThrow(/"larger" inherits from "larger"/);
});

const withoutPatch = written();
delete withoutPatch.configurations["2d"].patch_size;
const only3d = written() as Record<string, unknown>;
only3d.configurations = { "3d_fullres": {} };

test.each([
  ["a list", [], /"model\/plans.json" must hold an object, got \[\]/],
  ["a missing key", withoutPatch, /has no key "configurations.2d.patch_size"/],
  ["only 3D plans", only3d, /has no configuration "2d"; it has "3d_fullres"/],
  ["transposed volumes", { ...written(), transpose_forward: [2, 0, 1] }, /transposes images by \[2,0,1\].+Plan the 2D data set again/],
  ["an unknown normalisation", changed({ normalization_schemes: ["Mine"] }), /normalization_schemes\.0 is "Mine"/],
  ["too few normalisations", changed({ normalization_schemes: [] }), /normalization_schemes has 0 entries.+1 channels/],
  ["another resampling", changed({ resampling_fn_data: "resample_torch_fornnunet" }), /resampling_fn_data is "resample_torch_fornnunet"/],
  ["another network", changed({ architecture: { network_class_name: "my.Net", arch_kwargs: {} } }), /architecture\.arch_kwargs\.n_stages/],
  ["unknown arguments", withArguments({ squeeze_excitation: true }), /architecture\.arch_kwargs is .+squeeze_excitation/],
  ["3D convolutions", withArguments({ conv_op: "torch.nn.modules.conv.Conv3d" }), /arch_kwargs\.conv_op is "torch.nn.modules.conv.Conv3d"/],
  ["lists that do not fit", withArguments({ strides: [[1, 1]] }), /features of 2 stages, but 1 strides/],
  ["a patch that strides do not divide", changed({ patch_size: [32, 47] }), /patch_size is \[32,47\].+multiples of \[1,2\]/],
])("%s: an error names the file and the key", (_, json, message) => {
  expect(() => plansFromJson(json, "model/plans.json")).toThrow(message);
  expect(() => plansFromJson(json, "model/plans.json")).toThrow(/^"model\/plans.json"/);
});

const folder = "parity/nnunet/checkpoint";

describeWith([folder], "both layouts of plans files", () => {
  test.each(sharedNames(folder, /^Dataset/))("the plans of %s are the same in either", (set) => {
    const at = [folder, set, "nnUNetTrainer__nnUNetPlans__2d"];
    const [now, old] = ["plans.json", "plans_2.1.1_layout.json"].map((name) => plansFromJson(sharedJson(...at, name), name));
    expect(old).toEqual(now);
    expect(now!.plan2d.network.stages[0]!.features).toBe(8);
  });
});
