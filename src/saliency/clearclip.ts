import { z } from "zod";
import { matmul } from "../graph/index.ts";
import { denseMemory, denseMethod, selfSimilarity } from "./_dense.ts";
import { saliencyMethod } from "./saliency-method.ts";

/**
 * ClearCLIP: in the last block tokens attend to those with similar queries, and the residual connection and the MLP are left out, which
 * carry what is global.
 *
 *   tokens = Proj(softmax(q·qᵀ / √d) v)
 *   value = cos(text, projection(LN(token)))
 *
 * @see Lan et al. 2024, "ClearCLIP: Decomposing CLIP Representations for Dense Vision-Language Inference", arXiv:2407.12442
 */
export const clearclip = saliencyMethod({
  settings: z.strictObject({}),
  drawsNoise: false,
  open: (model) => denseMethod(model, ({ q, v, project }) => project(matmul(selfSimilarity(q), v))),
  memory: denseMemory,
});
