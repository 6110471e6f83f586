import { z } from "zod";
import { add, exp, gradients, matmul, mul, reduceMean, relu, reshape, slice, type Value } from "../graph/index.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { CutTower } from "./_cut-tower.ts";
import { methodOfGraphs } from "./_method-of-graph.ts";
import { blocksBehind, saliencyMethod } from "./saliency-method.ts";

/**
 * Relevance of the patches by attention and its gradient (Chefer's generic attention explainability).
 *
 *   s = exp(logit scale) · cos(text, image)
 *   Ā_l = mean over the heads of (∂s/∂A_l ⊙ A_l)⁺                                     equation 5
 *   R = I,   R ← R + Ā_l R for each block from `layer` on                              equation 6
 *   values = row of the class token of R, without the class token itself
 *
 * Only the class token's row is computed, from the last block down. By default only the last block counts, as in the authors' example
 * for CLIP.
 *
 * @see Chefer, Gur and Wolf 2021, "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers",
 *   arXiv:2103.15679
 */
export const chefer = saliencyMethod({
  settings: z.strictObject({
    layer: z
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe("first block of the image tower whose attention counts, from 0 (default: the last)"),
  }),
  drawsNoise: false,
  open(model, { layer = model.config.vision.depth - 1 }) {
    const cut = CutTower.beforeBlock(model, layer);
    const text = (hidden: Value, words: Value) => {
      const [features, ofClassToken, ...ofBlocks] = cut.behind(hidden, ({ features, classInside, inside }) => [
        features,
        classInside.attention,
        ...inside.slice(layer, -1).map(({ attention }) => attention),
      ]) as [Value, Value, ...Value[]];
      const score = mul(exp(model.weights.get("logit_scale", [])), cosineSimilarity(words, features)); // [1]
      const maps = [...ofBlocks, ofClassToken]; // [1, h, T, T], the last one [1, h, 1, T]
      const slopes = gradients(score, maps);
      const relevance = maps.map((map, i) => reduceMean(relu(mul(slopes[i]!, map)), [1])); // Ā, [1, T, T] or [1, 1, T]
      // Without its identity, R's row begins as the class token's Ā; each block below adds row · Ā and, for the identity, its own Ā's row.
      const row = relevance.slice(0, -1).reduceRight((row, own) => add(row, add(matmul(row, own), slice(own, 1, 0, 1))), relevance.at(-1)!);
      return reshape(slice(row, 2, 1, cut.tokens), [cut.tokens - 1]);
    };
    return methodOfGraphs(model, { layer, image: cut.tokensOf, text });
  },
  /** As GradCAM; by four runs, with 1 block and with 12, it takes 4 to 36 MB less. */
  memory({ layer = 11 }) {
    const blocks = blocksBehind(layer - 1);
    return { prepacked: 895 + 37 * blocks, smallest: 885 + 10 * blocks };
  },
});
