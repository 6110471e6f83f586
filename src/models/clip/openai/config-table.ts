import { count, type EntryRule, type EntryTable, flag, neutral, only } from "../../../check/config-entries.ts";
import type { Activation } from "../../../nn/activation.ts";
import { huggingFaceRoot, huggingFaceText, huggingFaceVision, openClipRoot, sections } from "../_shared-entries.ts";

/** Activations by Hugging Face's words for them. */
const words: Readonly<Record<string, Activation>> = { quick_gelu: "quick-gelu", gelu: "gelu", gelu_python: "gelu" };

const activation = (as: string): EntryRule => ({
  kind: "followed",
  as,
  read: (value) => (Object.hasOwn(words, String(value)) ? words[String(value)] : undefined),
  expected: Object.keys(words).join(", "),
});

/** Entries of the `config.json` of a `CLIPModel`. */
export const huggingFaceTable: EntryTable = {
  ...huggingFaceRoot,
  ...sections({
    vision_config: { ...huggingFaceVision, hidden_act: activation("visionActivation") },
    text_config: { ...huggingFaceText, hidden_act: activation("textActivation") },
  }),
  "text_config.eos_token_id": count("endToken"),
};

/** Entries of an `open_clip_config.json` with open_clip's own towers. */
export const openClipTable: EntryTable = {
  ...openClipRoot,
  "model_cfg.quick_gelu": flag("quickGelu"),
  "model_cfg.vision_cfg.head_width": count("visionHeadWidth"),
  "model_cfg.vision_cfg.mlp_ratio": neutral,
  "model_cfg.vision_cfg.global_average_pool": only(false),
  "model_cfg.vision_cfg.attentional_pool": only(false),
  "model_cfg.vision_cfg.pool_type": only("tok"),
  "model_cfg.vision_cfg.pos_embed_type": only("learnable"),
  "model_cfg.vision_cfg.input_patchnorm": only(false),
  "model_cfg.vision_cfg.no_ln_pre": only(false),
  "model_cfg.vision_cfg.final_ln_after_pool": only(false),
  "model_cfg.vision_cfg.output_tokens": neutral,
  "model_cfg.text_cfg.hf_tokenizer_name": neutral,
  "model_cfg.text_cfg.mlp_ratio": neutral,
  "model_cfg.text_cfg.pad_id": neutral, // the end token comes before any padding
  "model_cfg.text_cfg.embed_cls": only(false),
  "model_cfg.text_cfg.no_causal_mask": only(false),
  "model_cfg.text_cfg.pool_type": only("argmax"),
  "model_cfg.text_cfg.proj_type": only("linear"),
  "model_cfg.text_cfg.proj_bias": only(false),
};
