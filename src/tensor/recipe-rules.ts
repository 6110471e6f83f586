/** How the seeded values of the tensors with matching names are spread: uniform in center ± amplitude. */
export interface RecipeRule {
  /** Found anywhere in the tensor's name. */
  readonly name: RegExp;
  /** "fan": gain · √(3 / fan), where fan is the product of all lengths but the first; keeps the variance through a layer. */
  readonly amplitude: number | "fan";
  /** 0 unless given. */
  readonly center?: number;
  /** 1 unless given; for "fan" only. */
  readonly gain?: number;
}

/**
 * The rules of each model family; the first that matches a name holds. The amplitudes were chosen so that random models behave like
 * trained ones where it matters to a comparison: attention is not flat and nothing saturates.
 *
 * The families of `fresh` weights are for training from scratch: norms are the identity, biases are 0, and the residual branch of a block
 * is small compared to its input.
 *
 * Names are those of open_clip (`biomedclip`), Hugging Face (`clip`), segment-anything (`sam`) and dynamic-network-architectures (`unet`).
 */
export const recipeRules = {
  biomedclip: [
    { name: /^logit_scale$/, amplitude: 0, center: 4.4454 },
    { name: /^visual\.trunk\.cls_token$/, amplitude: 1 },
    { name: /^visual\.trunk\.pos_embed$/, amplitude: 0.9 },
    { name: /^visual\.trunk\.patch_embed\.proj\.weight$/, amplitude: "fan", gain: 1.5 },
    { name: /norm\d?\.weight$|LayerNorm\.weight$/, amplitude: 0.3, center: 1 },
    { name: /norm\d?\.bias$|LayerNorm\.bias$/, amplitude: 0.1 },
    { name: /attn\.qkv\.weight$/, amplitude: "fan", gain: 2 },
    { name: /attn\.proj\.weight$/, amplitude: "fan", gain: 0.35 },
    { name: /mlp\.fc1\.weight$/, amplitude: "fan", gain: 1.2 },
    { name: /mlp\.fc2\.weight$/, amplitude: "fan" },
    { name: /self\.(query|key)\.weight$/, amplitude: "fan", gain: 2.2 },
    { name: /self\.value\.weight$/, amplitude: "fan", gain: 1.5 },
    { name: /attention\.output\.dense\.weight$/, amplitude: "fan", gain: 3 },
    { name: /intermediate\.dense\.weight$/, amplitude: "fan", gain: 1.5 },
    { name: /output\.dense\.weight$/, amplitude: "fan", gain: 2 },
    { name: /word_embeddings\.weight$/, amplitude: 1.5 },
    { name: /embeddings\.weight$/, amplitude: 0.5 },
    { name: /^visual\.head\.proj\.weight$|^text\.proj\.\d\.weight$/, amplitude: "fan" },
    { name: /\.bias$/, amplitude: 0.05 },
  ],
  clip: [
    { name: /^logit_scale$/, amplitude: 0, center: 4.6052 },
    { name: /vision_model.*class_embedding$/, amplitude: 1 },
    { name: /vision_model.*position_embedding\.weight$/, amplitude: 0.9 },
    { name: /patch_embedding\.weight$/, amplitude: "fan", gain: 1.5 },
    { name: /(layernorm|layrnorm|layer_norm\d?|final_layer_norm)\.weight$/, amplitude: 0.3, center: 1 },
    { name: /(layernorm|layrnorm|layer_norm\d?|final_layer_norm)\.bias$/, amplitude: 0.1 },
    { name: /(q_proj|k_proj|v_proj)\.weight$/, amplitude: "fan", gain: 2 },
    { name: /out_proj\.weight$/, amplitude: "fan", gain: 0.35 },
    { name: /fc1\.weight$/, amplitude: "fan", gain: 1.2 },
    { name: /fc2\.weight$/, amplitude: "fan" },
    { name: /text_model.*position_embedding\.weight$/, amplitude: 0.5 },
    { name: /token_embedding\.weight$/, amplitude: 1.5 },
    { name: /projection\.weight$/, amplitude: "fan" },
    { name: /\.bias$/, amplitude: 0.05 },
  ],
  sam: [
    { name: /pos_embed$/, amplitude: 0.5 },
    { name: /patch_embed\.proj\.weight$/, amplitude: "fan" },
    { name: /rel_pos_[hw]$/, amplitude: 0.15 },
    { name: /Adapter\.norm\.weight$/, amplitude: 0.1, center: 0.3 },
    { name: /(norm\d?|norm_final_attn|neck\.[13]|mask_downscaling\.[14]|output_upscaling\.1)\.weight$/, amplitude: 0.2, center: 1 },
    { name: /attn\.qkv\.weight$/, amplitude: "fan", gain: 1.3 },
    { name: /attn\.proj\.weight$/, amplitude: "fan", gain: 1.5 },
    { name: /image_encoder.*mlp\.lin1\.weight$/, amplitude: "fan", gain: 1.4 },
    { name: /image_encoder.*mlp\.lin2\.weight$/, amplitude: "fan" },
    { name: /neck\.[02]\.weight$/, amplitude: "fan" },
    { name: /Adapter\.(channel|spatial)\.\d\.weight$/, amplitude: "fan", gain: 1.4 },
    { name: /positional_encoding_gaussian_matrix$/, amplitude: 1.7320508 },
    { name: /point_embeddings\.\d\.weight$/, amplitude: 2 },
    { name: /not_a_point_embed\.weight$/, amplitude: 0.5 },
    { name: /no_mask_embed\.weight$/, amplitude: 0.3 },
    { name: /mask_downscaling\.[036]\.weight$/, amplitude: "fan" },
    { name: /iou_token\.weight$/, amplitude: 0.5 },
    { name: /mask_tokens\.weight$/, amplitude: 0.5 },
    { name: /[qkv]_proj\.weight$/, amplitude: "fan", gain: 1.4 },
    { name: /out_proj\.weight$/, amplitude: "fan", gain: 1.5 },
    { name: /mask_decoder.*mlp\.lin[12]\.weight$/, amplitude: "fan", gain: 1.4 },
    { name: /output_upscaling\.[03]\.weight$/, amplitude: "fan", gain: 1.4 },
    { name: /output_upscaling\.3\.bias$/, amplitude: 0.1, center: -0.3 },
    { name: /output_hypernetworks_mlps\.\d\.layers\.[01]\.weight$/, amplitude: "fan", gain: 1.4 },
    { name: /output_hypernetworks_mlps\.\d\.layers\.2\.weight$/, amplitude: "fan", gain: 2 },
    { name: /iou_prediction_head\.layers\.[01]\.weight$/, amplitude: "fan", gain: 1.4 },
    { name: /iou_prediction_head\.layers\.2\.weight$/, amplitude: "fan", gain: 0.15 },
    { name: /iou_prediction_head\.layers\.2\.bias$/, amplitude: 0.1, center: 0.8 },
    { name: /bias$/, amplitude: 0.1 },
  ],
  "biomedclip-fresh": [
    { name: /dense\.logit_scale$/, amplitude: 0, center: Math.LN10 },
    { name: /dense\.logit_bias$/, amplitude: 0, center: -4 },
    { name: /\.conv\.weight$/, amplitude: "fan", gain: Math.SQRT2 },
    { name: /^logit_scale$/, amplitude: 0, center: Math.LN10 },
    { name: /norm\d?\.weight$|LayerNorm\.weight$/, amplitude: 0, center: 1 },
    { name: /\.bias$/, amplitude: 0 },
    { name: /cls_token$|embeddings\.weight$/, amplitude: 0.035 },
    { name: /attn\.proj\.weight$|mlp\.fc2\.weight$/, amplitude: "fan", gain: 0.3 },
    { name: /\.weight$/, amplitude: "fan" },
  ],
  "clip-fresh": [
    { name: /^logit_scale$/, amplitude: 0, center: Math.LN10 },
    { name: /(layernorm|layrnorm|layer_norm\d?|final_layer_norm)\.weight$/, amplitude: 0, center: 1 },
    { name: /\.bias$/, amplitude: 0 },
    { name: /(class|token|position)_embedding(\.weight)?$/, amplitude: 0.035 },
    { name: /out_proj\.weight$|mlp\.fc2\.weight$/, amplitude: "fan", gain: 0.3 },
    { name: /\.weight$/, amplitude: "fan" },
  ],
  "sam-fresh": [
    { name: /rel_pos_[hw]$/, amplitude: 0 },
    { name: /positional_encoding_gaussian_matrix$/, amplitude: 1.7320508 },
    { name: /(norm\d?|norm_final_attn|neck\.[13]|mask_downscaling\.[14]|output_upscaling\.1)\.weight$/, amplitude: 0, center: 1 },
    { name: /iou_prediction_head\.layers\.2\.bias$/, amplitude: 0, center: 0.5 },
    { name: /bias$/, amplitude: 0 },
    { name: /(point_embeddings\.\d|not_a_point_embed|no_mask_embed|iou_token|mask_tokens)\.weight$/, amplitude: 0.5 },
    { name: /attn\.proj\.weight$|lin2\.weight$|out_proj\.weight$/, amplitude: "fan", gain: 0.3 },
    { name: /\.weight$/, amplitude: "fan" },
  ],
  unet: [
    { name: /norm\.weight$/, amplitude: 0.5, center: 1 },
    { name: /norm\.bias$/, amplitude: 0.3 },
    { name: /seg_layers\.[0-9]+\.weight$/, amplitude: "fan", gain: 2 },
    { name: /(conv|transpconvs\.[0-9]+)\.weight$/, amplitude: "fan", gain: 1.4 },
    { name: /\.bias$/, amplitude: 0.1 },
  ],
} as const satisfies Record<string, readonly RecipeRule[]>;

/** A group of models whose tensors share their names. */
export type RecipeFamily = keyof typeof recipeRules;
