import { z } from "zod";
import { add, matmul } from "../graph/index.ts";
import { denseMemory, denseMethod, selfSimilarity } from "./_dense.ts";
import { saliencyMethod } from "./saliency-method.ts";

/**
 * SCLIP: in the last block tokens attend to those with similar queries and similar keys (correlative self-attention). The rest of the block stays.
 *
 *   y = x + Proj((softmax(q·qᵀ / √d) + softmax(k·kᵀ / √d)) v)
 *   tokens = y + MLP(LN y)
 *   value = cos(text, projection(LN(token)))
 *
 * @see Wang, Mei and Yuille 2023, "SCLIP: Rethinking Self-Attention for Dense Vision-Language Inference", arXiv:2312.01597 (correlative self-attention)
 */
export const sclip = saliencyMethod({
  settings: z.strictObject({}),
  drawsNoise: false,
  open: (model) =>
    denseMethod(model, ({ x, q, k, v, project, withMlp }) =>
      withMlp(add(x, project(matmul(add(selfSimilarity(q), selfSimilarity(k)), v)))),
    ),
  memory: denseMemory,
});
