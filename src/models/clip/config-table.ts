import {
  behind,
  channels,
  count,
  type EntryRule,
  type EntryTable,
  flag,
  neutral,
  neutrals,
  only,
  positive,
  told,
  warned,
} from "../../check/config-entries.ts";
import { libraryEntries, processorEntries } from "../library-entries.ts";

/** A transformer encoder of either tower. Dropout acts in training alone, where its rate is a setting. */
const encoder = (tower: "vision" | "text"): EntryTable => ({
  ...libraryEntries,
  ...neutrals("attention_probs_dropout_prob", "hidden_dropout_prob", "attention_dropout", "dropout"),
  hidden_act: only("gelu", "gelu_python"),
  layer_norm_eps: positive(`${tower}Epsilon`),
  num_attention_heads: count(`${tower}Heads`),
  hidden_size: told(`${tower}.width`),
  intermediate_size: told(`${tower}.inner`),
  num_hidden_layers: told(`${tower}.depth`),
  projection_dim: neutral, // that of the whole model counts
  is_decoder: only(false),
  add_cross_attention: only(false),
  pruned_heads: only({}),
});

const hfVision: EntryTable = {
  ...encoder("vision"),
  image_size: told("vision.imageSize"),
  patch_size: told("vision.patch"),
  num_channels: only(3),
  qkv_bias: only(true),
};

const hfText: EntryTable = {
  ...encoder("text"),
  vocab_size: told("text.vocabulary"),
  max_position_embeddings: told("text.positions"),
  type_vocab_size: only(2),
  position_embedding_type: only("absolute"),
};

const hfProjection: EntryTable = {
  ...libraryEntries,
  hidden_act: only("gelu", "gelu_python"),
  hidden_size: told("text.width"),
  intermediate_size: told("textProjection"),
  projection_dim: count("embed"),
  num_hidden_layers: only(2),
};

/** Entries of a Hugging Face `config.json`. The sections that end in `_dict` are older copies of those without. */
export const huggingFaceTable: EntryTable = {
  ...libraryEntries,
  ...neutrals("logit_scale_init_value", "logit_bias_init_value"),
  projection_dim: count("embed"),
  ...Object.fromEntries(
    ["", "_dict"].flatMap((copy) => [
      ...Object.entries(behind(`vision_config${copy}`, hfVision)),
      ...Object.entries(behind(`text_config${copy}`, hfText)),
      ...Object.entries(behind(`text_projection_config${copy}`, hfProjection)),
    ]),
  ),
};

function textName(as: string): EntryRule {
  return { kind: "followed", as, read: (value) => (typeof value === "string" ? value : undefined), expected: "a text" };
}

/** Names of image models that are no plain vision transformer. */
const otherTower =
  /quickgelu|(^|[/_-])(resnet|resnext|resnest|convnext|efficientnet|swin|mobilenet|densenet|regnet|vgg|inception|eva|eva02|beit|mixer|mlp)/i;

/** The tower's name in timm; two activations have the same tensors, so that only the name tells them apart. */
const timmName: EntryRule = {
  kind: "followed",
  as: "timmName",
  read: (value) => (typeof value === "string" && !otherTower.test(value) ? value : undefined),
  expected: "the name of a vision transformer with exact GELU",
};

/** Names of language models that have BERT's tensors in part and compute or number tokens differently. */
const otherLanguageModel = /roberta|deberta|distilbert|electra|xlnet|(^|[/_-])(albert|gpt|t5|mt5)/i;

const bertName: EntryRule = {
  kind: "followed",
  as: "textName",
  read: (value) => (typeof value === "string" && !otherLanguageModel.test(value) ? value : undefined),
  expected: "the name of a BERT",
};

/** Resizing and cropping of `preprocess_cfg`, by open_clip's words for them. */
const fits: Readonly<Record<string, string>> = { shortest: "crop", longest: "pad", squash: "squash" };
const resizeMode: EntryRule = {
  kind: "followed",
  as: "fit",
  read: (value) => fits[String(value)],
  expected: Object.keys(fits).join(", "),
};

const aboveZero = (value: number) => value > 0;

/** Entries of an `open_clip_config.json`; the block `sizes` is this project's own. */
export const openClipTable: EntryTable = {
  ...neutrals("architecture", "tags", "license", "library_name", "pretrained_cfg"),
  "model_cfg.embed_dim": count("embed"),
  "model_cfg.quick_gelu": only(false),
  ...behind(
    "model_cfg",
    neutrals("custom_text", "init_logit_scale", "init_logit_bias", "nonscalar_logit_scale", "cast_dtype", "output_dict"),
  ),
  "model_cfg.vision_cfg.timm_model_name": timmName,
  "model_cfg.vision_cfg.timm_pool": only("", "token"),
  "model_cfg.vision_cfg.timm_proj": only("linear"),
  "model_cfg.vision_cfg.timm_proj_bias": only(false),
  ...behind("model_cfg.vision_cfg", neutrals("timm_model_pretrained", "timm_drop", "timm_drop_path", "patch_dropout")),
  "model_cfg.vision_cfg.image_size": told("vision.imageSize"),
  "model_cfg.vision_cfg.patch_size": told("vision.patch"),
  "model_cfg.vision_cfg.width": told("vision.width"),
  "model_cfg.vision_cfg.layers": told("vision.depth"),
  "model_cfg.text_cfg.hf_model_name": bertName,
  "model_cfg.text_cfg.hf_tokenizer_name": textName("tokenizerName"),
  "model_cfg.text_cfg.hf_proj_type": only("mlp"),
  "model_cfg.text_cfg.proj_type": only("mlp"),
  "model_cfg.text_cfg.proj": only("mlp"),
  "model_cfg.text_cfg.hf_pooler_type": only("cls_last_hidden_state_pooler"),
  "model_cfg.text_cfg.pooler_type": only("cls_last_hidden_state_pooler"),
  "model_cfg.text_cfg.context_length": count("contextLength"),
  "model_cfg.text_cfg.vocab_size": told("text.vocabulary"),
  "model_cfg.text_cfg.width": told("text.width"),
  "model_cfg.text_cfg.layers": told("text.depth"),
  "model_cfg.text_cfg.heads": count("textHeads"),
  "model_cfg.text_cfg.output_tokens": neutral,
  "model_cfg.text_cfg.hf_model_pretrained": neutral,
  "preprocess_cfg.mean": channels("mean"),
  "preprocess_cfg.std": channels("std", aboveZero),
  "preprocess_cfg.size": told("vision.imageSize"),
  "preprocess_cfg.mode": only("RGB"),
  "preprocess_cfg.interpolation": warned("bicubic"),
  "preprocess_cfg.resize_mode": resizeMode,
  "preprocess_cfg.fill_color": warned(0, [0, 0, 0]), // of the bars of "pad"
  "sizes.vision_heads": count("visionHeads"),
  "sizes.text_heads": count("textHeads"),
};

/** Any form of a size: a number, or an object of edges. */
const size = (as: string): EntryRule => ({
  kind: "followed",
  as,
  read: (value) => (typeof value === "number" || (typeof value === "object" && value !== null) ? value : undefined),
  expected: "a size",
});

/** Entries of the `preprocessor_config.json` of CLIP. */
export const preprocessorTable: EntryTable = {
  ...processorEntries,
  image_mean: channels("mean"),
  image_std: channels("std", aboveZero),
  do_rescale: flag("rescales"),
  rescale_factor: positive("factor"),
  do_normalize: flag("normalises"),
  do_resize: warned(true),
  resample: warned(3, "bicubic", "BICUBIC"),
  size: size("size"),
  crop_size: told("vision.imageSize"),
  do_center_crop: flag("crops"),
  do_pad: warned(false),
  default_to_square: flag("square"),
};
