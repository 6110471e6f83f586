import { gelu, type Value } from "../../../graph/index.ts";
import { linear } from "../../../nn/index.ts";
import { type BertLayer, bert, type Packing } from "../../bert.ts";
import type { NamedWeights } from "../../named-weights.ts";
import type { VitWeights } from "../../vit.ts";
import type { ClipConfig } from "../config.ts";
import type { TextTower } from "../family.ts";

/** The image tower's weights: timm's vision transformer. */
export function biomedClipVision(weights: NamedWeights, { vision }: ClipConfig): VitWeights {
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

/**
 * BERT and a two-layer projection of its class token into the shared space.
 *
 * @param ids - token ids without padding, int64 [B, T]
 * @param packing - where the rows of `ids` hold several texts each; features are then [N, E] for N texts
 */
export function biomedClipText(ids: Value, weights: NamedWeights, config: ClipConfig, packing?: Packing): TextTower {
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
  return { layers: outputs.layers, features: linear(hidden, weights.linear("text.proj.2")) };
}
