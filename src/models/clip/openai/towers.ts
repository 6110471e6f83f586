import type { Value } from "../../../graph/index.ts";
import { type Linear, linear } from "../../../nn/index.ts";
import type { Packing } from "../../bert.ts";
import { causalText } from "../../causal-text.ts";
import type { NamedWeights } from "../../named-weights.ts";
import type { PreNormBlock } from "../../pre-norm-block.ts";
import type { VitWeights } from "../../vit.ts";
import type { ClipConfig } from "../config.ts";
import type { TextTower } from "../family.ts";

/** The blocks of a tower, which both towers have alike. */
function blocksOf(weights: NamedWeights, tower: "visual" | "text", depth: number): PreNormBlock[] {
  return Array.from({ length: depth }, (_, i) => {
    const block = `${tower}.transformer.resblocks.${i}`;
    const [query, key, value] = weights.fused(`${block}.attn.in_proj`);
    const mlp: [Linear, Linear] = [weights.linear(`${block}.mlp.c_fc`), weights.linear(`${block}.mlp.c_proj`)];
    return {
      norm1: weights.norm(`${block}.ln_1`),
      attention: { query, key, value, out: weights.linear(`${block}.attn.out_proj`) },
      norm2: weights.norm(`${block}.ln_2`),
      mlp,
    };
  });
}

/** The image tower's weights: patches without bias, and a normalisation before the blocks. */
export function openAiVision(weights: NamedWeights, { vision }: ClipConfig): VitWeights {
  const positions = "visual.positional_embedding";
  return {
    patches: weights.linear("visual.conv1"),
    classToken: weights.get("visual.class_embedding", [1, 1, vision.width]),
    positions: weights.get(positions, [1, weights.shapeOf(positions).at(-2)!, vision.width]),
    preNorm: weights.norm("visual.ln_pre"),
    blocks: blocksOf(weights, "visual", vision.depth),
    norm: weights.norm("visual.ln_post"),
  };
}

/**
 * A causal transformer and a linear projection of its end token into the shared space.
 *
 * @param ids - token ids without padding, of which the last is the first end token, int64 [B, T]
 */
export function openAiText(ids: Value, weights: NamedWeights, { text }: ClipConfig, packing?: Packing): TextTower {
  const { layers, lastToken } = causalText(
    ids,
    {
      words: weights.get("text.token_embedding.weight"),
      positions: weights.get("text.positional_embedding"),
      blocks: blocksOf(weights, "text", text.depth),
      norm: weights.norm("text.ln_final"),
    },
    text,
    packing,
  );
  return { layers, features: linear(lastToken, weights.linear("text.proj")) };
}
