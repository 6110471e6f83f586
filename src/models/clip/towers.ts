import { ConfigError } from "../../errors.ts";
import { exp, gelu, slice, type Value } from "../../graph/index.ts";
import { linear, norm } from "../../nn/index.ts";
import { type BertLayer, type BertOutputs, bert, type Packing } from "../bert.ts";
import { denseBranch } from "../dense-branch.ts";
import type { NamedWeights } from "../named-weights.ts";
import { type VitOutputs, type VitWeights, vit } from "../vit.ts";

import { type ClipConfig, denseRoot } from "./config.ts";

/** The image tower's weights by their official names. */
export function visionWeights(weights: NamedWeights, { vision }: ClipConfig): VitWeights {
  const trunk = "visual.trunk";
  return {
    patches: weights.linear(`${trunk}.patch_embed.proj`),
    classToken: weights.get(`${trunk}.cls_token`, [1, 1, vision.width]),
    positions: weights.get(`${trunk}.pos_embed`, [1, weights.shapeOf(`${trunk}.pos_embed`).at(-2)!, vision.width]),
    blocks: Array.from({ length: vision.depth }, (_, i) => {
      const block = `${trunk}.blocks.${i}`;
      const [query, key, value] = weights.fused(`${block}.attn.qkv`);
      return {
        norm1: weights.norm(`${block}.norm1`),
        attention: { query, key, value, out: weights.linear(`${block}.attn.proj`) },
        norm2: weights.norm(`${block}.norm2`),
        mlp: [weights.linear(`${block}.mlp.fc1`), weights.linear(`${block}.mlp.fc2`)],
      };
    }),
    norm: weights.norm(`${trunk}.norm`),
  };
}

/** The image tower: a vision transformer and a linear projection of its class token into the shared space. */
export interface VisionTower extends VitOutputs {
  /** Normalised pixels, [B, 3, S, S]. */
  readonly image: Value;
  /** Before normalisation, [B, E]. */
  readonly features: Value;
}

/** @param image - normalised pixels [B, 3, S, S] */
export function visionTower(image: Value, weights: NamedWeights, config: ClipConfig): VisionTower {
  const outputs = vit(image, visionWeights(weights, config), config.vision);
  return { ...outputs, image, features: projectClassToken(outputs.classToken, weights) };
}

/** Normalised tokens [..., D], as a rule the class token, in the shared space, [..., E]. */
export function projectClassToken(classToken: Value, weights: NamedWeights): Value {
  return linear(classToken, weights.linear("visual.head.proj"));
}

/**
 * The patches of the last block through the normalisation and projection of the class token: in the shared space, [B, T - 1, E].
 *
 * @remarks The published model was not trained on them; they are meaningful only after training with a term on patches.
 */
export function patchFeatures({ blocks }: Pick<VisionTower, "blocks">, weights: NamedWeights, { vision }: ClipConfig): Value {
  const tokens = blocks.at(-1)!; // [B, T, D]
  const patches = slice(tokens, 1, 1, tokens.shape[1]!); // [B, T - 1, D]
  return projectClassToken(norm(patches, weights.norm("visual.trunk.norm"), vision.epsilon), weights);
}

/**
 * Features on the grid of the convolutional branch, in the shared space, [B, G · G, E].
 *
 * @throws ConfigError when the model has no such branch
 */
export function denseFeatures({ image, blocks }: Pick<VisionTower, "image" | "blocks">, weights: NamedWeights, config: ClipConfig): Value {
  const { dense } = config;
  if (!dense) throw new ConfigError("the model has no convolutional branch (no tensors visual.dense.*), so it has no dense features");
  return denseBranch(denseRoot, image, blocks.at(-1)!, weights, dense);
}

/** The logits of the branch are scale · cosine + bias, with both learned. */
export function denseLogitParameters(weights: NamedWeights): { scale: Value; bias: Value } {
  return { scale: exp(weights.get(`${denseRoot}.logit_scale`)), bias: weights.get(`${denseRoot}.logit_bias`) };
}

/** The text tower: BERT and a two-layer projection of its class token into the shared space. */
export interface TextTower extends BertOutputs {
  /** Before normalisation, [B, E]. */
  readonly features: Value;
}

/**
 * @param ids - token ids without padding, int64 [B, T]
 * @param packing - where the rows of `ids` hold several texts each; features are then [N, E] for N texts
 */
export function textTower(ids: Value, weights: NamedWeights, config: ClipConfig, packing?: Packing): TextTower {
  const root = "text.transformer";
  const layer = (i: number): BertLayer => {
    const name = `${root}.encoder.layer.${i}`;
    return {
      attention: {
        query: weights.linear(`${name}.attention.self.query`),
        key: weights.linear(`${name}.attention.self.key`),
        value: weights.linear(`${name}.attention.self.value`),
        out: weights.linear(`${name}.attention.output.dense`),
      },
      norm1: weights.norm(`${name}.attention.output.LayerNorm`),
      mlp: [weights.linear(`${name}.intermediate.dense`), weights.linear(`${name}.output.dense`)],
      norm2: weights.norm(`${name}.output.LayerNorm`),
    };
  };
  const outputs = bert(
    ids,
    {
      words: weights.get(`${root}.embeddings.word_embeddings.weight`),
      positions: weights.get(`${root}.embeddings.position_embeddings.weight`),
      tokenTypes: weights.get(`${root}.embeddings.token_type_embeddings.weight`),
      norm: weights.norm(`${root}.embeddings.LayerNorm`),
      layers: Array.from({ length: config.text.depth }, (_, i) => layer(i)),
    },
    config.text,
    packing,
  );
  const hidden = gelu(linear(outputs.classToken, weights.linear("text.proj.0")));
  return { ...outputs, features: linear(hidden, weights.linear("text.proj.2")) };
}
