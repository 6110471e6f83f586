import type { ClipConfig } from "../config.ts";

const publishedText = "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract";

/** The `open_clip_config.json` of a model. @param name - of its preset; others than the published one have no names in other libraries */
export function openClipConfigOf(name: string, { embed, vision, text, contextLength, mean, std }: ClipConfig): unknown {
  const published = name === "biomedclip";
  return {
    model_cfg: {
      embed_dim: embed,
      vision_cfg: {
        timm_model_name: published ? "vit_base_patch16_224" : name,
        timm_model_pretrained: false,
        timm_pool: "",
        timm_proj: "linear",
        image_size: vision.imageSize,
      },
      text_cfg: {
        hf_model_name: published ? publishedText : name,
        hf_tokenizer_name: published ? publishedText : name,
        hf_proj_type: "mlp",
        hf_pooler_type: "cls_last_hidden_state_pooler",
        context_length: contextLength,
      },
    },
    preprocess_cfg: { mean, std },
    sizes: { vision_heads: vision.heads, text_heads: text.heads },
  };
}
