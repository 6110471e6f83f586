import { behind, type Claim, type EntryTable, neutrals, only, readEntries, told, warned } from "../../check/config-entries.ts";
import { libraryEntries, processorEntries } from "../library-entries.ts";
import type { VariantHints } from "./variant.ts";

/** From the files beside a SAM model. Its tensors determine all sizes; the rest must be as in the published models. */
export interface SamHints extends VariantHints {
  /** Sizes that the tensors must have. */
  readonly claims?: readonly Claim[];
  /** Warnings about entries that are not followed. */
  readonly warnings?: readonly string[];
}

const configTable: EntryTable = {
  ...libraryEntries,
  ...behind("vision_config", {
    ...libraryEntries,
    // The tables of relative positions tell which blocks are global.
    ...neutrals(
      "attention_dropout",
      "dropout",
      "mlp_ratio",
      "num_pos_feats",
      "scale",
      "global_attn_indexes",
      "intermediate_size",
      "projection_dim",
    ),
    hidden_size: told("width"),
    output_channels: told("outChannels"),
    num_hidden_layers: told("depth"),
    num_attention_heads: told("heads"),
    image_size: told("imageSize"),
    patch_size: told("patch"),
    window_size: told("window"),
    mlp_dim: told("mlpWidth"),
    num_channels: only(3),
    hidden_act: only("gelu"),
    layer_norm_eps: only(1e-6),
    qkv_bias: only(true),
    use_abs_pos: only(true),
    use_rel_pos: only(true),
  }),
  ...behind("prompt_encoder_config", {
    ...libraryEntries,
    ...neutrals("image_embedding_size", "num_pos_feats", "scale"),
    hidden_size: told("outChannels"),
    image_size: told("imageSize"),
    patch_size: told("patch"),
    mask_input_channels: told("maskChannels"),
    num_point_embeddings: only(4),
    hidden_act: only("gelu"),
    layer_norm_eps: only(1e-6),
  }),
  ...behind("mask_decoder_config", {
    ...libraryEntries,
    ...neutrals("attention_downsample_rate", "num_multimask_outputs"),
    hidden_size: told("outChannels"),
    mlp_dim: told("decoder.mlpWidth"),
    num_hidden_layers: told("decoder.depth"),
    num_attention_heads: told("decoder.heads"),
    iou_head_hidden_dim: told("decoder.iouWidth"),
    iou_head_depth: only(3),
    hidden_act: only("relu"),
    layer_norm_eps: only(1e-6),
  }),
};

const preprocessorTable: EntryTable = {
  ...processorEntries,
  ...neutrals("mask_size", "mask_pad_size"),
  image_mean: only([0.485, 0.456, 0.406]),
  image_std: only([0.229, 0.224, 0.225]),
  rescale_factor: only(1 / 255),
  do_rescale: only(true),
  do_normalize: only(true),
  do_resize: only(true),
  do_pad: only(true),
  resample: warned(2, "bilinear"),
  size: told("imageSize"),
  pad_size: told("imageSize"),
};

type Json = Readonly<Record<string, unknown>> | null | undefined;

/** The hints of a `config.json`; none where it belongs to another model. @throws ConfigError when it describes another computation */
export function readSamConfig(json: unknown): SamHints {
  if (!(json as Json)?.mask_decoder_config) return {};
  const repository = (json as Json)?._name_or_path;
  return { ...readEntries(json, configTable), ...(typeof repository === "string" && { repository }) };
}

/** The hints of a `preprocessor_config.json`; none where it belongs to another model. @throws ConfigError as `readSamConfig` */
export function readSamPreprocessor(json: unknown): SamHints {
  const isSam =
    /^Sam/.test(String((json as Json)?.image_processor_type ?? (json as Json)?.feature_extractor_type)) || (json as Json)?.pad_size;
  return isSam ? readEntries(json, preprocessorTable) : {};
}
