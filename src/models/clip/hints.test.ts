import { describe, expect, test } from "vitest";
import { mergeHints, readHints, readPreprocessor } from "./index.ts";

const openClip = (model: object = {}, preprocess: object = {}) =>
  readHints({
    model_cfg: { embed_dim: 8, ...model },
    preprocess_cfg: preprocess,
    sizes: { vision_heads: 2, text_heads: 2 },
  });
const vision = (vision_cfg: object) => openClip({ vision_cfg });
const text = (text_cfg: object) => openClip({ text_cfg });
const huggingFace = (root: object = {}, vision: object = {}, text: object = {}) =>
  readHints({ vision_config: vision, text_config: text, text_projection_config: {}, ...root });

describe("entries that are followed", () => {
  test("of open_clip", () => {
    const hints = openClip(
      { vision_cfg: { timm_model_name: "vit_base_patch16_224", image_size: 224 }, text_cfg: { context_length: 77, hf_model_name: "bert" } },
      { mean: [0.5, 0.4, 0.3], std: 0.25, interpolation: "bicubic", resize_mode: "squash", size: [224, 224] },
    );
    expect(hints).toMatchObject({ embed: 8, visionHeads: 2, contextLength: 77, textName: "bert", mean: [0.5, 0.4, 0.3], fit: "squash" });
    expect(hints.std).toEqual([0.25, 0.25, 0.25]);
    expect(hints.claims).toContainEqual({ path: "preprocess_cfg.size", as: "vision.imageSize", value: 224 });
    expect(hints.warnings).toEqual([]);
  });

  test("of Hugging Face", () => {
    const tower = { hidden_act: "gelu", num_attention_heads: 3, layer_norm_eps: 1e-5, hidden_size: 96, attention_probs_dropout_prob: 0.1 };
    const hints = huggingFace({ projection_dim: 16, vision_config_dict: { num_attention_heads: 3 } }, tower, { ...tower, vocab_size: 100 });
    expect(hints).toMatchObject({ embed: 16, visionHeads: 3, textHeads: 3, visionEpsilon: 1e-5, textEpsilon: 1e-5, warnings: [] });
    expect(hints.claims?.map(({ as, value }) => [as, value])).toEqual([
      ["vision.width", 96],
      ["text.width", 96],
      ["text.vocabulary", 100],
    ]);
  });

  test("the head count that timm's name tells, where no size is given", () => {
    expect(readHints({ model_cfg: { vision_cfg: { timm_model_name: "vit_large_patch16_224" } } }).visionHeads).toBe(16);
  });
});

describe("entries that describe another model are refused", () => {
  test.each<[string, () => unknown]>([
    ['"model_cfg.quick_gelu" is true', () => openClip({ quick_gelu: true, vision_cfg: { timm_model_name: "vit_base_patch16_224" } })],
    ['"model_cfg.vision_cfg.timm_pool" is "avg"', () => vision({ timm_pool: "avg" })],
    ['"model_cfg.vision_cfg.timm_proj" is "mlp"', () => vision({ timm_proj: "mlp" })],
    [
      '"model_cfg.vision_cfg.timm_model_name" is "vit_base_patch16_clip_quickgelu_224"',
      () => vision({ timm_model_name: "vit_base_patch16_clip_quickgelu_224" }),
    ],
    ['"model_cfg.text_cfg.hf_pooler_type" is "mean_pooler"', () => text({ hf_pooler_type: "mean_pooler" })],
    ['"model_cfg.text_cfg.hf_proj_type" is "linear"', () => text({ hf_proj_type: "linear" })],
    ['"model_cfg.text_cfg.context_length" is 0', () => text({ context_length: 0 })],
    ['"preprocess_cfg.mean" is [0.5]', () => openClip({}, { mean: [0.5] })],
    ['"preprocess_cfg.std" is [1,0,1]', () => openClip({}, { std: [1, 0, 1] })],
    ['"preprocess_cfg.mode" is "L"', () => openClip({}, { mode: "L" })],
    ['"preprocess_cfg.resize_mode" is "random"', () => openClip({}, { resize_mode: "random" })],
    ['"sizes.vision_heads" is "2"', () => readHints({ model_cfg: {}, sizes: { vision_heads: "2" } })],
    ['"vision_config.hidden_act" is "quick_gelu"', () => huggingFace({}, { hidden_act: "quick_gelu" })],
    ['"text_config.position_embedding_type" is "relative_key"', () => huggingFace({}, {}, { position_embedding_type: "relative_key" })],
    ['"text_projection_config.hidden_act" is "relu"', () => huggingFace({ text_projection_config: { hidden_act: "relu" } })],
    ['"vision_config.num_channels" is 1', () => huggingFace({}, { num_channels: 1 })],
    [
      '"vision_config_dict.layer_norm_eps" is 0.1, but "vision_config.layer_norm_eps" is 0.2',
      () => huggingFace({ vision_config_dict: { layer_norm_eps: 0.1 } }, { layer_norm_eps: 0.2 }),
    ],
  ])("%s", (message, read) => {
    expect(read).toThrow(message);
  });
});

test.each([
  ["resnet50", "timm_model_name"],
  ["swin_base_patch4_window7_224", "timm_model_name"],
  ["timm/convnext_base", "timm_model_name"],
])("the image tower %s is refused", (name, key) => {
  expect(() => vision({ [key]: name })).toThrow(`"${name}", expected the name of a vision transformer`);
});

test.each(["roberta-base", "allenai/biomed_roberta_base", "albert-base-v2", "google/t5-small"])("the text tower %s is refused", (name) => {
  expect(() => text({ hf_model_name: name })).toThrow(`"${name}", expected the name of a BERT`);
});

test("other BERTs are accepted; a tokenizer of another model gives a warning", () => {
  for (const name of ["bert-base-uncased", "emilyalsentzer/Bio_ClinicalBERT"]) {
    expect(text({ hf_model_name: name, hf_tokenizer_name: name }).warnings).toEqual([]);
    expect(text({ hf_model_name: name, hf_tokenizer_name: "bert-base-cased" }).warnings).toEqual([
      expect.stringContaining(`is "bert-base-cased", but the text tower is "${name}"`),
    ]);
  }
});

test("entries that are not followed give a warning, and unknown ones are named", () => {
  const { warnings } = openClip(
    { vision_cfg: { attentional_pool: true, act_kwargs: { approximate: "tanh" } } },
    { interpolation: "bilinear" },
  );
  expect(warnings).toEqual([
    '"preprocess_cfg.interpolation" is "bilinear"; this program uses "bicubic", so results differ from those of the model\'s own tools.',
    'unknown entries, which may change results, are ignored: "model_cfg.vision_cfg.attentional_pool", "model_cfg.vision_cfg.act_kwargs.approximate".',
  ]);
});

describe("the preprocessor's file", () => {
  const usual = { image_mean: [0.5, 0.5, 0.5], image_std: [0.25, 0.25, 0.25], rescale_factor: 0.00392156862745098 };

  test.each<[string, object, readonly number[], readonly number[]]>([
    ["as usual", {}, [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]],
    ["without normalising", { do_normalize: false }, [0, 0, 0], [1, 1, 1]],
    ["to [-1, 1] by the factor", { rescale_factor: 2 / 255, image_mean: 1, image_std: 1 }, [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]],
    ["without rescaling", { do_rescale: false, image_mean: 127.5, image_std: 51 }, [0.5, 0.5, 0.5], [0.2, 0.2, 0.2]],
  ])("pixels %s", (_, entries, mean, std) => {
    const hints = readPreprocessor({ ...usual, ...entries });
    expect([hints.mean, hints.std]).toEqual([mean, std]);
  });

  test.each<[string, object, string]>([
    ["shortest edge", { size: { shortest_edge: 224 } }, "crop"],
    ["one number", { size: 224 }, "crop"],
    ["one number that is a square", { size: 224, default_to_square: true }, "squash"],
    ["height and width", { size: { height: 224, width: 224 } }, "squash"],
    ["longest edge", { size: { longest_edge: 224 } }, "pad"],
    ["no crop", { size: { shortest_edge: 224 }, do_center_crop: false }, "squash"],
  ])("size: %s", (_, entries, fit) => {
    const hints = readPreprocessor({ ...usual, ...entries });
    expect(hints.fit).toBe(fit);
    expect(hints.claims?.[0]).toMatchObject({ as: "vision.imageSize", value: 224 });
  });

  test("a resize larger than the crop, another filter and unknown entries give warnings", () => {
    const { warnings } = readPreprocessor({ ...usual, size: 256, crop_size: { height: 224, width: 224 }, resample: 2, do_magic: true });
    expect(warnings?.map((text) => text.slice(0, 40))).toEqual([
      '"resample" is 2; this program uses 3 or ',
      "unknown entries, which may change result",
      "images should be resized to 256 pixels a",
    ]);
  });

  test("contradictions to open_clip's configuration give warnings, and the configuration is used", () => {
    const merged = mergeHints(openClip({}, { mean: [0.1, 0.1, 0.1] }), readPreprocessor(usual));
    expect(merged).toMatchObject({ mean: [0.1, 0.1, 0.1], std: [0.25, 0.25, 0.25], fit: "crop" });
    expect(merged.warnings).toEqual([
      "the preprocessor file has another mean ([0.5,0.5,0.5]) than the configuration ([0.1,0.1,0.1]); the configuration is used.",
    ]);
  });
});
