import { z } from "zod";
import { constant, matmul, type Value } from "../graph/index.ts";
import { tensor } from "../tensor/tensor.ts";
import { denseMemory, denseMethod, selfSimilarity } from "./_dense.ts";
import { saliencyMethod } from "./saliency-method.ts";

/** Standard deviation of the neighbourhood in patches, as published. */
const neighbourhood = 5;

/**
 * NACLIP: in the last block tokens attend to those with similar keys, and patches to their neighbours; the residual connection and the MLP are
 * left out (the paper's "reduced" architecture).
 *
 *   tokens = Proj(softmax(k·kᵀ / √d + ω) v)
 *   ω = exp(-|p - p'|² / (2 σ²)) between patches at p and p', σ = 5 patches; 0 where the class token is one of the two
 *   value = cos(text, projection(LN(token)))
 *
 * @see Hajimiri, Ben Ayed and Dolz 2024, "Pay Attention to Your Neighbours: Training-Free Open-Vocabulary Semantic Segmentation",
 *   arXiv:2404.08181
 */
export const naclip = saliencyMethod({
  settings: z.strictObject({}),
  drawsNoise: false,
  open: (model) => denseMethod(model, ({ k, v, grid, project }) => project(matmul(selfSimilarity(k, neighbours(grid)), v))),
  memory: denseMemory,
});

/** ω for a grid of patches behind a class token, [T, T]. */
function neighbours(grid: number): Value {
  const tokens = grid ** 2 + 1;
  const data = new Float32Array(tokens ** 2);
  for (let a = 1; a < tokens; a++) {
    for (let b = 1; b < tokens; b++) {
      const [dx, dy] = [((a - 1) % grid) - ((b - 1) % grid), Math.floor((a - 1) / grid) - Math.floor((b - 1) / grid)];
      data[a * tokens + b] = Math.exp(-(dx ** 2 + dy ** 2) / (2 * neighbourhood ** 2));
    }
  }
  return constant(tensor("float32", [tokens, tokens], data));
}
