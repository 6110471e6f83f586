import type { NameScheme, WeightsFamily } from "../../name-scheme.ts";

/** open_clip's names are the official ones: published files and trainer checkpoints use them. */
export const openClip: NameScheme = {
  name: "open_clip",
  locate: (official) => official,
};

/** Rows of the published conversion to a Hugging Face CLIP class, the first that matches is used. */
const portRules: readonly (readonly [RegExp, string])[] = [
  [/^visual\.trunk\.cls_token$/, "vision_model.embeddings.class_embedding"],
  [/^visual\.trunk\.pos_embed$/, "vision_model.embeddings.position_embedding.weight"],
  [/^visual\.trunk\.patch_embed\.proj\./, "vision_model.embeddings.patch_embedding."],
  [/^visual\.trunk\.blocks\.(\d+)\.norm([12])\./, "vision_model.encoder.layers.$1.layer_norm$2."],
  [/^visual\.trunk\.blocks\.(\d+)\.attn\.proj\./, "vision_model.encoder.layers.$1.self_attn.out_proj."],
  [/^visual\.trunk\.blocks\.(\d+)\.mlp\./, "vision_model.encoder.layers.$1.mlp."],
  [/^visual\.trunk\.norm\./, "vision_model.post_layernorm."],
  [/^visual\.head\.proj\./, "visual_projection."],
  [/^text\.transformer\.embeddings\.word_embeddings\./, "text_model.embeddings.token_embedding."],
  [/^text\.transformer\.embeddings\.position_embeddings\./, "text_model.embeddings.position_embedding."],
  [/^text\.transformer\.embeddings\.token_type_embeddings\./, "text_model.embeddings.token_type_embedding."],
  [/^text\.transformer\.embeddings\.LayerNorm\./, "text_model.embeddings.layer_norm."],
  [/^text\.transformer\.encoder\.layer\.(\d+)\.attention\.self\.query\./, "text_model.encoder.layers.$1.self_attn.q_proj."],
  [/^text\.transformer\.encoder\.layer\.(\d+)\.attention\.self\.key\./, "text_model.encoder.layers.$1.self_attn.k_proj."],
  [/^text\.transformer\.encoder\.layer\.(\d+)\.attention\.self\.value\./, "text_model.encoder.layers.$1.self_attn.v_proj."],
  // The attention's own output must be tried before the layer's.
  [/^text\.transformer\.encoder\.layer\.(\d+)\.attention\.output\.dense\./, "text_model.encoder.layers.$1.self_attn.out_proj."],
  [/^text\.transformer\.encoder\.layer\.(\d+)\.attention\.output\.LayerNorm\./, "text_model.encoder.layers.$1.layer_norm1."],
  [/^text\.transformer\.encoder\.layer\.(\d+)\.intermediate\.dense\./, "text_model.encoder.layers.$1.mlp.fc1."],
  [/^text\.transformer\.encoder\.layer\.(\d+)\.output\.LayerNorm\./, "text_model.encoder.layers.$1.layer_norm2."],
  [/^text\.transformer\.encoder\.layer\.(\d+)\.output\.dense\./, "text_model.encoder.layers.$1.mlp.fc2."],
  [/^text\.proj\.0\./, "text_projection.fc1."],
  [/^text\.proj\.2\./, "text_projection.fc2."],
];

/** The Hugging Face port ("BiomedCLIP-vit-bert-hf"): the image tower's fused projection is cut into query, key and value. */
const port: NameScheme = {
  name: "Hugging Face port",
  locate: (official) => {
    const fused = /^visual\.trunk\.blocks\.(\d+)\.attn\.qkv\.(weight|bias)$/.exec(official);
    if (fused) return ["q_proj", "k_proj", "v_proj"].map((part) => `vision_model.encoder.layers.${fused[1]}.self_attn.${part}.${fused[2]}`);
    const rule = portRules.find(([pattern]) => pattern.test(official));
    return rule ? official.replace(...(rule as [RegExp, string])) : official;
  },
};

/** Both naming schemes, the position counters that files of older libraries still hold, and the bias of SigLIP. */
export const biomedClipNames: WeightsFamily = {
  title: "BiomedCLIP",
  schemes: [openClip, port],
  markers: [
    "visual.trunk.cls_token",
    "visual.head.proj.weight",
    "text.transformer.embeddings.word_embeddings.weight",
    "text.transformer.encoder.layer.0.attention.self.query.weight",
    "text.transformer.embeddings.token_type_embeddings.weight",
    "text.proj.0.weight",
  ],
  ignored: [/position_ids$/, /^logit_bias$/],
};
