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

/** A transformer encoder of either tower in a Hugging Face `config.json`. Dropout acts in training alone, where its rate is a setting. */
const encoder = (tower: "vision" | "text"): EntryTable => ({
  ...libraryEntries,
  ...neutrals("attention_probs_dropout_prob", "hidden_dropout_prob", "attention_dropout", "dropout"),
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

/** The image tower in a Hugging Face `config.json`. */
export const huggingFaceVision: EntryTable = {
  ...encoder("vision"),
  image_size: told("vision.imageSize"),
  patch_size: told("vision.patch"),
  num_channels: only(3),
};

/** The text tower there. */
export const huggingFaceText: EntryTable = {
  ...encoder("text"),
  vocab_size: told("text.vocabulary"),
  max_position_embeddings: told("text.positions"),
};

/** What stands beside the sections of the towers. */
export const huggingFaceRoot: EntryTable = {
  ...libraryEntries,
  ...neutrals("logit_scale_init_value", "logit_bias_init_value"),
  projection_dim: count("embed"),
};

/** Sections of a Hugging Face `config.json`. Those that end in `_dict` are older copies of those without. */
export const sections = (tables: Readonly<Record<string, EntryTable>>): EntryTable =>
  Object.fromEntries(
    Object.entries(tables).flatMap(([section, table]) =>
      ["", "_dict"].flatMap((copy) => Object.entries(behind(`${section}${copy}`, table))),
    ),
  );

/** Resizing and cropping of `preprocess_cfg`, by open_clip's words for them. */
const fits: Readonly<Record<string, string>> = { shortest: "crop", longest: "pad", squash: "squash" };
const resizeMode: EntryRule = {
  kind: "followed",
  as: "fit",
  read: (value) => fits[String(value)],
  expected: Object.keys(fits).join(", "),
};

const aboveZero = (value: number) => value > 0;

/** Entries of an `open_clip_config.json` that do not depend on the towers; the block `sizes` is this project's own. */
export const openClipRoot: EntryTable = {
  ...neutrals("architecture", "tags", "license", "library_name", "pretrained_cfg"),
  "model_cfg.embed_dim": count("embed"),
  ...behind(
    "model_cfg",
    neutrals("custom_text", "init_logit_scale", "init_logit_bias", "nonscalar_logit_scale", "cast_dtype", "output_dict"),
  ),
  "model_cfg.vision_cfg.image_size": told("vision.imageSize"),
  "model_cfg.vision_cfg.patch_size": told("vision.patch"),
  "model_cfg.vision_cfg.width": told("vision.width"),
  "model_cfg.vision_cfg.layers": told("vision.depth"),
  "model_cfg.vision_cfg.patch_dropout": neutral,
  "model_cfg.text_cfg.context_length": count("contextLength"),
  "model_cfg.text_cfg.vocab_size": told("text.vocabulary"),
  "model_cfg.text_cfg.width": told("text.width"),
  "model_cfg.text_cfg.layers": told("text.depth"),
  "model_cfg.text_cfg.heads": count("textHeads"),
  "model_cfg.text_cfg.output_tokens": neutral,
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
