import type { Shape } from "../../../tensor/tensor.ts";
import { denseBranchOf, denseBranchTensors } from "../../dense-branch.ts";
import type { VitConfig } from "../../vit.ts";
import type { Weights } from "../../weights.ts";
import { countBlocks, headsOf, imageSizes, lengthReader, TensorList } from "../_tensor-sizes.ts";
import { type ClipConfig, type ClipTextConfig, clipMean, clipStd, positionGridOf } from "../config.ts";
import type { ConfigHints } from "../config-hints.ts";
import { denseRoot } from "../dense-root.ts";

/** The configuration of a model: sizes from the shapes of its tensors, the rest from the hints, else heads 64 wide. */
export function biomedClipConfigOf(weights: Weights, hints: ConfigHints): ClipConfig {
  const { file } = weights;
  const length = lengthReader(weights);
  const width = length(["visual.trunk.cls_token", -1], ["visual.trunk.pos_embed", -1], ["visual.trunk.norm.weight", 0]);
  const patch = weights.has("visual.trunk.patch_embed.proj.weight") ? length(["visual.trunk.patch_embed.proj.weight", 2]) : 16;
  const tokens = weights.has("visual.trunk.pos_embed") ? length(["visual.trunk.pos_embed", -2]) : 197;
  const words = "text.transformer.embeddings";
  const layer = "text.transformer.encoder.layer.0";
  const textWidth = length(
    [`${words}.word_embeddings.weight`, 1],
    [`${words}.LayerNorm.weight`, 0],
    [`${layer}.output.LayerNorm.weight`, 0],
  );
  const vocabulary = weights.has(`${words}.word_embeddings.weight`) ? length([`${words}.word_embeddings.weight`, 0]) : 30522;
  const positions = weights.has(`${words}.position_embeddings.weight`) ? length([`${words}.position_embeddings.weight`, 0]) : 512;
  const dense = denseBranchOf(denseRoot, weights);
  return {
    family: "biomedclip",
    ...(dense && { dense }),
    vision: {
      ...imageSizes(file, tokens, patch, hints.claims),
      patch,
      width,
      depth: countBlocks(weights, (i) => [`visual.trunk.blocks.${i}.norm1.weight`, `visual.trunk.blocks.${i}.mlp.fc2.weight`]),
      heads: headsOf(file, "image", width, hints.visionHeads),
      inner: length(
        ["visual.trunk.blocks.0.mlp.fc1.weight", 0],
        ["visual.trunk.blocks.0.mlp.fc1.bias", 0],
        ["visual.trunk.blocks.0.mlp.fc2.weight", 1],
      ),
      epsilon: hints.visionEpsilon ?? 1e-6,
      activation: "gelu",
    },
    text: {
      width: textWidth,
      depth: countBlocks(weights, (i) => [
        `text.transformer.encoder.layer.${i}.attention.output.LayerNorm.weight`,
        `text.transformer.encoder.layer.${i}.output.dense.weight`,
      ]),
      heads: headsOf(file, "text", textWidth, hints.textHeads),
      inner: length(
        [`${layer}.intermediate.dense.weight`, 0],
        [`${layer}.intermediate.dense.bias`, 0],
        [`${layer}.output.dense.weight`, 1],
      ),
      vocabulary,
      positions,
      epsilon: hints.textEpsilon ?? 1e-12,
      activation: "gelu",
    },
    embed: hints.embed ?? length(["visual.head.proj.weight", 0], ["text.proj.2.weight", 0]),
    textProjection: length(["text.proj.0.weight", 0], ["text.proj.2.weight", 1]),
    contextLength: Math.min(hints.contextLength ?? 256, positions),
    mean: (hints.mean ?? clipMean) as [number, number, number],
    std: (hints.std ?? clipStd) as [number, number, number],
  };
}

/** Names (open_clip's) and shapes of all tensors of a model, in the order of the published file. */
export function biomedClipTensors({ vision, dense, text, embed, textProjection = embed }: ClipConfig): Map<string, Shape> {
  const list = new TensorList();
  list.set("logit_scale", []);
  const trunk = "visual.trunk";
  list.set(`${trunk}.cls_token`, [1, 1, vision.width]);
  list.set(`${trunk}.pos_embed`, [1, positionGridOf(vision) ** 2 + 1, vision.width]);
  list.set(`${trunk}.patch_embed.proj.weight`, [vision.width, 3, vision.patch, vision.patch]);
  list.set(`${trunk}.patch_embed.proj.bias`, [vision.width]);
  for (let i = 0; i < vision.depth; i++) {
    const block = `${trunk}.blocks.${i}`;
    list.norm(`${block}.norm1`, vision.width);
    list.linear(`${block}.attn.qkv`, 3 * vision.width, vision.width);
    list.linear(`${block}.attn.proj`, vision.width, vision.width);
    list.norm(`${block}.norm2`, vision.width);
    list.linear(`${block}.mlp.fc1`, vision.inner, vision.width);
    list.linear(`${block}.mlp.fc2`, vision.width, vision.inner);
  }
  list.norm(`${trunk}.norm`, vision.width);
  list.linear("visual.head.proj", embed, vision.width, false);
  if (dense) for (const [name, shape] of denseBranchTensors(denseRoot, dense, vision.width, embed)) list.set(name, shape);
  const embeddings = "text.transformer.embeddings";
  list.set(`${embeddings}.word_embeddings.weight`, [text.vocabulary, text.width]);
  list.set(`${embeddings}.position_embeddings.weight`, [text.positions, text.width]);
  list.set(`${embeddings}.token_type_embeddings.weight`, [2, text.width]);
  list.norm(`${embeddings}.LayerNorm`, text.width);
  for (let i = 0; i < text.depth; i++) {
    const layer = `text.transformer.encoder.layer.${i}`;
    for (const name of ["query", "key", "value"]) list.linear(`${layer}.attention.self.${name}`, text.width, text.width);
    list.linear(`${layer}.attention.output.dense`, text.width, text.width);
    list.norm(`${layer}.attention.output.LayerNorm`, text.width);
    list.linear(`${layer}.intermediate.dense`, text.inner, text.width);
    list.linear(`${layer}.output.dense`, text.width, text.inner);
    list.norm(`${layer}.output.LayerNorm`, text.width);
  }
  list.linear("text.proj.0", textProjection, text.width, false);
  list.linear("text.proj.2", embed, textProjection, false);
  return list.tensors;
}

const preset = (
  vision: Pick<VitConfig, "width" | "depth" | "heads" | "inner">,
  text: Pick<ClipTextConfig, "width" | "depth" | "heads" | "inner">,
  embed: number,
  textProjection: number,
): ClipConfig => ({
  family: "biomedclip",
  vision: { imageSize: 224, patch: 16, epsilon: 1e-6, activation: "gelu", ...vision },
  text: { vocabulary: 30522, positions: 512, epsilon: 1e-12, activation: "gelu", ...text },
  embed,
  textProjection,
  contextLength: 256,
  mean: clipMean,
  std: clipStd,
});

const base = { width: 768, depth: 12, heads: 12, inner: 3072 };

/** Sizes that can be made by name: the published model, and a small one for tests and demonstrations. */
export const biomedClipPresets = {
  biomedclip: preset(base, base, 512, 640),
  "biomedclip-tiny": preset({ width: 96, depth: 12, heads: 4, inner: 384 }, { width: 64, depth: 4, heads: 4, inner: 128 }, 64, 64),
} as const;
