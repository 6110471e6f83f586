import type { NameScheme, WeightsFamily } from "../../name-scheme.ts";

/** Names inside the project: open_clip's with the text tower apart ("text."), and layers in place of bare parameters. */
const officialRules: readonly (readonly [RegExp, string])[] = [
  [/\.attn\.in_proj\.(weight|bias)$/, ".attn.in_proj_$1"],
  [/^visual\.proj\.weight$/, "visual.proj"],
  [/^text\.proj\.weight$/, "text.text_projection"],
];

const ruled = (rules: readonly (readonly [RegExp, string])[], name: string): string => {
  const rule = rules.find(([pattern]) => pattern.test(name));
  return rule ? name.replace(...(rule as [RegExp, string])) : name;
};

/** Projections that are stored as [in, out]. */
const projections = /(^|\.)(visual\.proj|text_projection)$/;

/** open_clip with its option of a text tower apart. */
const openClipApart: NameScheme = {
  name: "open_clip",
  locate: (official) => ruled(officialRules, official),
  isTransposed: (name) => projections.test(name),
};

/** OpenAI's own names, which open_clip kept. */
const native: NameScheme = {
  name: "OpenAI",
  locate: (official) => ruled(officialRules, official).replace(/^text\./, ""),
  isTransposed: (name) => projections.test(name),
};

/** The tower in Hugging Face's library that holds a block. */
const towers: Readonly<Record<string, string>> = { visual: "vision_model", text: "text_model" };

const huggingFaceRules: readonly (readonly [RegExp, string])[] = [
  [/^visual\.class_embedding$/, "vision_model.embeddings.class_embedding"],
  [/^visual\.positional_embedding$/, "vision_model.embeddings.position_embedding.weight"],
  [/^visual\.conv1\./, "vision_model.embeddings.patch_embedding."],
  [/^visual\.ln_pre\./, "vision_model.pre_layrnorm."], // so misspelled
  [/^visual\.ln_post\./, "vision_model.post_layernorm."],
  [/^visual\.proj\./, "visual_projection."],
  [/^text\.token_embedding\./, "text_model.embeddings.token_embedding."],
  [/^text\.positional_embedding$/, "text_model.embeddings.position_embedding.weight"],
  [/^text\.ln_final\./, "text_model.final_layer_norm."],
  [/^text\.proj\./, "text_projection."],
];

const layerRules: readonly (readonly [RegExp, string])[] = [
  [/^attn\.out_proj\./, "self_attn.out_proj."],
  [/^ln_([12])\./, "layer_norm$1."],
  [/^mlp\.c_fc\./, "mlp.fc1."],
  [/^mlp\.c_proj\./, "mlp.fc2."],
];

/** `CLIPModel` of Hugging Face's library: the fused projections are cut into query, key and value. */
export const huggingFace: NameScheme = {
  name: "Hugging Face",
  locate: (official) => {
    const [, tower, block, inside] = /^(visual|text)\.transformer\.resblocks\.(\d+)\.(.+)$/.exec(official) ?? [];
    if (inside === undefined) return ruled(huggingFaceRules, official);
    const layer = `${towers[tower!]}.encoder.layers.${block}`;
    const [, kind] = /^attn\.in_proj\.(weight|bias)$/.exec(inside) ?? [];
    if (kind) return ["q_proj", "k_proj", "v_proj"].map((part) => `${layer}.self_attn.${part}.${kind}`);
    return `${layer}.${ruled(layerRules, inside)}`;
  },
};

/** All naming schemes, the sizes that OpenAI's own files hold among the tensors, position counters and masks, and the bias of SigLIP. */
export const openAiNames: WeightsFamily = {
  title: "OpenAI CLIP",
  schemes: [native, openClipApart, huggingFace],
  // None that a block has: blocks of both towers have the same names.
  markers: [
    "visual.class_embedding",
    "visual.proj.weight",
    "visual.ln_pre.weight",
    "visual.ln_post.weight",
    "text.token_embedding.weight",
    "text.ln_final.weight",
  ],
  ignored: [/position_ids$/, /(^|\.)attn_mask$/, /^logit_bias$/, /^(input_resolution|context_length|vocab_size)$/],
};
