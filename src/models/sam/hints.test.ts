import { expect, test } from "vitest";
import { checkClaims } from "../../check/config-entries.ts";
import { readSamConfig, readSamPreprocessor, samPresets } from "./index.ts";

/** As published for ViT-B, without the entries that say nothing. */
const published = {
  model_type: "sam",
  vision_config: {
    ...{ hidden_size: 768, output_channels: 256, num_hidden_layers: 12, num_attention_heads: 12, image_size: 1024, patch_size: 16 },
    ...{ window_size: 14, mlp_dim: 3072, hidden_act: "gelu", layer_norm_eps: 1e-6, qkv_bias: true, global_attn_indexes: [2, 5, 8, 11] },
  },
  prompt_encoder_config: { hidden_size: 256, image_size: 1024, mask_input_channels: 16, num_point_embeddings: 4, layer_norm_eps: 1e-6 },
  mask_decoder_config: { hidden_size: 256, hidden_act: "relu", mlp_dim: 2048, num_attention_heads: 8, iou_head_depth: 3 },
};
const processor = {
  image_processor_type: "SamImageProcessor",
  ...{ do_convert_rgb: true, do_normalize: true, do_pad: true, do_rescale: true, do_resize: true, resample: 2 },
  ...{ image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225], rescale_factor: 0.00392156862745098 },
  ...{ size: { longest_edge: 1024 }, pad_size: { height: 1024, width: 1024 } },
};

test("the published files fit the published model, and nothing is said", () => {
  for (const { claims, warnings } of [readSamConfig(published), readSamPreprocessor(processor)]) {
    expect(warnings).toEqual([]);
    checkClaims(claims!, samPresets["sam-vit-b"]!, "sam.pth", "Change it.");
  }
});

test("files of another size are another model's", () => {
  const wrong = { ...published, mask_decoder_config: { num_attention_heads: 4 } };
  expect(() => checkClaims(readSamConfig(wrong).claims!, samPresets["sam-vit-b"]!, "sam.pth", "Change it.")).toThrow(
    'the configuration is not that of "sam.pth": "mask_decoder_config.num_attention_heads" is 4, but the tensors say 8. Change it.',
  );
  const smaller = { ...processor, size: { longest_edge: 256 } };
  expect(() => checkClaims(readSamPreprocessor(smaller).claims!, samPresets["sam-vit-b"]!, "sam.pth", "Change it.")).toThrow(
    '"size" is 256',
  );
});

test.each<[string, () => unknown]>([
  ['"vision_config.hidden_act" is "relu"', () => readSamConfig({ ...published, vision_config: { hidden_act: "relu" } })],
  ['"image_mean" is [0,0,0]', () => readSamPreprocessor({ ...processor, image_mean: [0, 0, 0] })],
  ['"do_normalize" is false', () => readSamPreprocessor({ ...processor, do_normalize: false })],
  ['"rescale_factor" is 1', () => readSamPreprocessor({ ...processor, rescale_factor: 1 })],
])("another computation is refused: %s", (message, read) => {
  expect(read).toThrow(message);
});

test("files of another kind of model beside the weights say nothing about them", () => {
  expect(readSamConfig({ vision_config: { hidden_act: "relu" } })).toEqual({});
  expect(readSamPreprocessor({ image_processor_type: "CLIPImageProcessor", image_mean: [0, 0, 0] })).toEqual({});
  expect(readSamConfig(null)).toEqual({});
});
