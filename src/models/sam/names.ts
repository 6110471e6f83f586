import type { NameScheme, WeightsFamily } from "../name-scheme.ts";

const positionMatrix = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";

const official: NameScheme = {
  name: "official",
  locate: (name) => name,
};

/** What the Hugging Face port calls the parts of the official names, applied in this order. */
const renamed: readonly (readonly [RegExp, string])[] = [
  [/^image_encoder\./, "vision_encoder."],
  [/\.blocks\./, ".layers."],
  [/\.patch_embed\.proj\./, ".patch_embed.projection."],
  [/\.norm(\d|_final_attn)\./, ".layer_norm$1."],
  [/\.neck\.0\./, ".neck.conv1."],
  [/\.neck\.1\./, ".neck.layer_norm1."],
  [/\.neck\.2\./, ".neck.conv2."],
  [/\.neck\.3\./, ".neck.layer_norm2."],
  [/\.point_embeddings\./, ".point_embed."],
  [/\.mask_downscaling\.0\./, ".mask_embed.conv1."],
  [/\.mask_downscaling\.1\./, ".mask_embed.layer_norm1."],
  [/\.mask_downscaling\.3\./, ".mask_embed.conv2."],
  [/\.mask_downscaling\.4\./, ".mask_embed.layer_norm2."],
  [/\.mask_downscaling\.6\./, ".mask_embed.conv3."],
  [/\.output_upscaling\.0\./, ".upscale_conv1."],
  [/\.output_upscaling\.1\./, ".upscale_layer_norm."],
  [/\.output_upscaling\.3\./, ".upscale_conv2."],
  [/(\.iou_prediction_head|\.output_hypernetworks_mlps\.\d+)\.layers\.0\./, "$1.proj_in."],
  [/(\.iou_prediction_head|\.output_hypernetworks_mlps\.\d+)\.layers\.1\./, "$1.layers.0."],
  [/(\.iou_prediction_head|\.output_hypernetworks_mlps\.\d+)\.layers\.2\./, "$1.proj_out."],
];

/** The port holds the position matrix twice; writers that drop shared tensors keep either one. */
const positionCopies = ["shared_image_embedding.positional_embedding", "prompt_encoder.shared_embedding.positional_embedding"] as const;

const huggingFace = (positions: (typeof positionCopies)[number]): NameScheme => ({
  name: "Hugging Face",
  locate: (name) => (name === positionMatrix ? positions : renamed.reduce((text, [from, to]) => text.replace(from, to), name)),
});

/** Segment Anything under the names of its authors and of the Hugging Face port. */
export const samFamily: WeightsFamily = {
  title: "SAM",
  schemes: [official, ...positionCopies.map(huggingFace)],
  markers: [positionMatrix, "image_encoder.pos_embed", "mask_decoder.mask_tokens.weight"],
  ignored: [/^pixel_(mean|std)$/, /^(shared_image_embedding|prompt_encoder\.shared_embedding)\.positional_embedding$/],
};
