import { describe, expect, test } from "vitest";
import { storedTensor } from "../tensor/stored-tensor.ts";
import { findModel } from "./_model-in-file.ts";
import { clipFamilies } from "./clip/index.ts";
import { samFamily } from "./sam/index.ts";
import { splitAddress } from "./weights.ts";

const families = Object.values(clipFamilies).map(({ names }) => names);
const clipNames = [
  "visual.trunk.cls_token",
  "visual.head.proj.weight",
  "text.transformer.embeddings.word_embeddings.weight",
  "text.transformer.encoder.layer.0.attention.self.query.weight",
];
const content = (names: readonly string[], unread: ReadonlyMap<string, string> = new Map()) => ({
  tensors: new Map(names.map((name, i) => [name, storedTensor("run.pt", 4 * i, "float32", [1])])),
  unread,
});
const behind = (prefix: string) => clipNames.map((name) => prefix + name);
const find = (names: readonly string[], under?: string) => findModel("run.pt", content(names), families, under);

test.each([
  "",
  "module.",
  "_orig_mod.",
  "state_dict.module._orig_mod.",
  "model.module._orig_mod.",
  "clip_model.",
  "checkpoint.net.backbone.clip.",
  "pytorch-lightning.model.0.",
])("a model is found behind the prefix %j", (prefix) => {
  const { tensors, notes } = find([...behind(prefix), ...(prefix ? ["optimizer.state.0.exp_avg"] : [])]);
  expect([...tensors.keys()]).toEqual(clipNames);
  expect(notes).toEqual([]);
});

test("wrappers inside the names are ignored", () => {
  const wrapped = clipNames.map((name) => name.replace(/^(visual|text)/, "$1.module").replace(".trunk", "._fsdp_wrapped_module.trunk"));
  expect([...find(wrapped).tensors.keys()]).toEqual(clipNames);
});

test("the Hugging Face port of SAM is distinguished from the official names, though they share some", () => {
  const port = samFamily.schemes[1]!;
  const names = samFamily.markers.map((marker) => `model.${port.locate(marker)}`);
  expect(findModel("sam.pt", content(names), [samFamily]).scheme).toBe(port);
});

test("what is left of a damaged model is found by one name", () => {
  expect(find(["module.visual.trunk.cls_token", "module.text.proj.0.weight"]).tensors.size).toBe(2);
});

test("a part of a model beside the whole is not used instead of it", () => {
  const { prefix, tensors } = find(["visual.trunk.cls_token", ...behind("clip.")]);
  expect([prefix, tensors.size]).toEqual(["clip.", 4]);
});

test.each([
  ["model.", "ema."],
  ["state_dict.", "state_dict_ema."],
  ["student.", "teacher."],
  ["", "model_ema.module."],
])("weights %j are preferred to their average %j, and a note says how to use the average", (plain, averaged) => {
  const both = [...behind(averaged), ...behind(plain)];
  const { prefix, tensors, notes } = find(both);
  expect([prefix, [...tensors.keys()]]).toEqual([plain, clipNames]);
  const [, address] = / give "(.*)"\.$/.exec(notes[0]!)!;
  expect(find(both, splitAddress(`${address}`).under).prefix).toBe(averaged.replace("module.", ""));
});

test("with two models in a file the user chooses one", () => {
  const both = [...behind("first."), ...behind("second.")];
  expect(() => find(both)).toThrow('"run.pt" holds 2 BiomedCLIP models. Choose one: "run.pt#first." or "run.pt#second.".');
  expect(find(both, "second.").prefix).toBe("second.");
  expect(() => find(both, "third.")).toThrow(
    'is called "visual.trunk.cls_token" or "vision_model.embeddings.class_embedding" or "visual.class_embedding" behind "third."',
  );
});

describe("an address", () => {
  test.each([
    ["run.pt", { file: "run.pt" }],
    ["run.pt#teacher.", { file: "run.pt", under: "teacher." }],
    ["a/run.pt#state_dict.model.", { file: "a/run.pt", under: "state_dict.model." }],
    ["run.pt#.", { file: "run.pt", under: "" }],
    ["trial#2/run.pt", { file: "trial#2/run.pt" }],
    ["trial#2.pt", { file: "trial#2.pt" }],
  ])("%s", (address, parts) => {
    expect(splitAddress(address)).toEqual(parts);
  });
});

test.each([
  ["base_model.model.visual.trunk.blocks.0.attn.qkv.lora_A.weight", "It looks like LoRA adapters"],
  ["state.0.exp_avg", "It looks like the state of an optimizer"],
  ["image_encoder.trunk.pos_embed", "It looks like SAM 2"],
  ["mask_decoder.iou_token.weight", "It looks like a SAM model (--sam)"],
  ["visual.transformer.resblocks.0.ln_1.weight", "It looks like a CLIP model"],
])("a file of %s is recognised", (name, words) => {
  expect(() => find([name])).toThrow(words);
});

test("the error about weights inside an unread object names the object", () => {
  const unread = new Map([["model", "clip.model.CLIP"]]);
  expect(() => findModel("run.pt", content([], unread), families)).toThrow(
    'none of its 0 tensors is called "visual.trunk.cls_token" or "vision_model.embeddings.class_embedding" or "visual.class_embedding". It has an object of the class "clip.model.CLIP" at "model", which is not read',
  );
});
