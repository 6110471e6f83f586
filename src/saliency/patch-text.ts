import { z } from "zod";
import { reshape } from "../graph/index.ts";
import { patchFeatures } from "../models/clip/index.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { methodOfGraphs } from "./_method-of-graph.ts";
import { saliencyMethod } from "./saliency-method.ts";

/**
 * Cosine of each patch with the text: the patches of the last block are projected into the shared space like the class token. One pass of
 * the image tower, without a gradient.
 *
 * It is meaningful only for a model whose patches were trained against texts (`finetune --regions` with a dense weight above
 * 0). The published models were trained on the class token only.
 */
export const patchText = saliencyMethod({
  settings: z.strictObject({}),
  drawsNoise: false,
  open(model) {
    const { weights, config } = model;
    return methodOfGraphs(model, {
      layer: config.vision.depth - 1,
      image: (tower) => patchFeatures(tower, weights, config), // [1, N, E]
      text: (patches, text) => reshape(cosineSimilarity(reshape(text, [1, 1, config.embed]), patches), [patches.shape[1]!]),
    });
  },
  memory: () => ({ prepacked: 892, smallest: 892 }),
});
