import { expect, test } from "vitest";
import { clipPresets, clipTensors } from "../../models/clip/index.ts";
import { ContrastiveSettings } from "./settings.ts";
import { trainedTensors, untrainedBranch } from "./trained-tensors.ts";

const tensors = clipTensors(clipPresets["biomedclip-tiny"]!);
const branch = ["visual.dense.proj.weight", "visual.dense.logit_bias"];
const withBranch = new Map([...tensors, ...branch.map((name): [string, number[]] => [name, []])]);
const names = (settings: object) => [...trainedTensors(tensors, ContrastiveSettings.parse(settings)).keys()];

test("everything is trained but a temperature that is fixed", () => {
  expect(names({})).toEqual([...tensors.keys()].filter((name) => name !== "logit_scale"));
  expect(names({ learnTemperature: true })).toContain("logit_scale");
  expect(names({ loss: "siglip", learnTemperature: true })).toContain("logit_bias");
});

test("a convolutional branch is trained with a loss of dense features, and else named with the reason", () => {
  const trained = (settings: object) => {
    const parsed = ContrastiveSettings.parse(settings);
    const found = [...trainedTensors(withBranch, parsed).keys()];
    return [found.filter((name) => branch.includes(name)), untrainedBranch(withBranch, found, parsed)];
  };
  expect(trained({ denseWeight: 1 })).toEqual([branch, undefined]);
  expect(trained({ diceWeight: 1 })).toEqual([branch, undefined]);
  expect(trained({ regionWeight: 1 })).toEqual([
    [],
    expect.stringMatching(/^--dense-weight, --dice-weight and --presence-weight.*\(--regions\), are 0$/),
  ]);
  expect(trained({ denseWeight: 1, loraRank: 2 })).toEqual([[], "LoRA has no adapters for it (--lora-rank)"]);
  expect(trained({ denseWeight: 1, freeze: ["visual.dense.*"] })).toEqual([[], "its tensors are frozen (--freeze)"]);
  expect(untrainedBranch(tensors, names({}), ContrastiveSettings.parse({}))).toBeUndefined();
});

test("frozen blocks of OpenAI's family, too", () => {
  const all = clipTensors(clipPresets["clip-tiny"]!);
  const trained = [...trainedTensors(all, ContrastiveSettings.parse({ freezeVision: 2, freezeText: 1 })).keys()];
  const frozen = [...all.keys()].filter((name) => name !== "logit_scale" && !trained.includes(name));
  expect(frozen.filter((name) => !/resblocks\.[01]\.|embedding|conv1|ln_pre/.test(name))).toEqual([]);
  for (const name of ["visual.transformer.resblocks.2.ln_1.weight", "visual.ln_post.weight", "text.transformer.resblocks.1.ln_1.weight"])
    expect(trained).toContain(name);
});

test("frozen blocks take along what lies before them", () => {
  const trained = names({ freezeVision: 2, freezeText: 1 });
  expect(trained.filter((name) => /blocks\.[01]\.|cls_token|pos_embed|patch_embed|layer\.0\.|embeddings/.test(name))).toEqual([]);
  expect(trained).toContain("visual.trunk.blocks.2.norm1.weight");
  expect(trained).toContain("visual.trunk.blocks.10.norm1.weight");
  expect(trained).toContain("text.transformer.encoder.layer.1.output.dense.weight");
});

test("names freeze by pattern; one that fits nothing is refused", () => {
  expect(names({ freeze: ["text.*", "*.norm1.*"] }).filter((name) => /^text|norm1/.test(name))).toEqual([]);
  expect(() => names({ freeze: ["vision.*"] })).toThrow('no tensor is called "vision.*"');
  expect(() => names({ freeze: ["*"] })).toThrow("no trainable parameters");
});

test("LoRA trains two factors a projection, none in what is frozen", () => {
  const trained = trainedTensors(tensors, ContrastiveSettings.parse({ loraRank: 4, freeze: ["text.*"], loraTargets: ["query", "fc1"] }));
  expect(trained.size).toBe(12 * 2 * 2);
  expect(trained.get("visual.trunk.blocks.3.attn.qkv.q.A")).toEqual([4, 96]);
  expect(trained.get("visual.trunk.blocks.3.mlp.fc1.fc1.B")).toEqual([384, 4]);
});
