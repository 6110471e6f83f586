import type { ClipConfig } from "../config.ts";

/** The `config.json` of a model as Hugging Face's library writes it. */
export function huggingFaceConfigOf(_name: string, { embed, vision, text }: ClipConfig): unknown {
  const tower = ({ width, inner, depth, heads, epsilon, activation }: ClipConfig["vision"] | ClipConfig["text"]) => ({
    hidden_size: width,
    intermediate_size: inner,
    num_hidden_layers: depth,
    num_attention_heads: heads,
    layer_norm_eps: epsilon,
    hidden_act: activation.replace("-", "_"),
    projection_dim: embed,
  });
  return {
    architectures: ["CLIPModel"],
    model_type: "clip",
    projection_dim: embed,
    text_config: {
      model_type: "clip_text_model",
      ...tower(text),
      vocab_size: text.vocabulary,
      max_position_embeddings: text.positions,
      bos_token_id: text.vocabulary - 2,
      eos_token_id: text.endToken,
    },
    vision_config: {
      model_type: "clip_vision_model",
      ...tower(vision),
      image_size: vision.imageSize,
      patch_size: vision.patch,
      num_channels: 3,
    },
  };
}
