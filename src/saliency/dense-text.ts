import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { add, mul, reshape, sigmoid } from "../graph/index.ts";
import { denseFeatures, denseLogitParameters, outputGrid } from "../models/clip/index.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { methodOfGraphs } from "./_method-of-graph.ts";
import { saliencyMethod } from "./saliency-method.ts";

const usualPresence = 0.5;

/**
 * The probability that a place shows what the text names, from the model's convolutional branch:
 *
 *   p = σ(scale · cos(features of the place, features of the text) + bias),   scale and bias learned with the branch
 *
 * One pass of the image tower and the branch serves all texts. The map is on an absolute scale: where p stays low everywhere, the image
 * does not show the target.
 *
 * It needs a model that was trained with such a branch (`finetune --regions`); published models have none.
 */
export const denseText = saliencyMethod({
  settings: z.strictObject({
    presence: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        `probability that the map must reach somewhere; below it the image counts as not showing the target, and its mask is empty (default: ${usualPresence})`,
      ),
  }),
  drawsNoise: false,
  open(model, { presence = usualPresence }) {
    const { config, weights } = model;
    if (!config.dense) {
      throw new ConfigError(
        `dense-text needs a CLIP with a convolutional branch, which "${weights.file}" does not have (no tensors visual.dense.*). Use --saliency-method m2ib, or a model that was trained with one.`,
      );
    }
    const grid = outputGrid(config);
    return methodOfGraphs(model, {
      layer: config.vision.depth - 1,
      grid,
      presence,
      image: (tower) => denseFeatures(tower, weights, config), // [1, G · G, E]
      text(places, text) {
        const { scale, bias } = denseLogitParameters(weights);
        const cosine = cosineSimilarity(reshape(text, [1, 1, config.embed]), places);
        return reshape(sigmoid(add(mul(cosine, scale), bias)), [grid * grid]);
      },
    });
  },
  /** As patch-text, and the branch: of 32 to 256 channels and with stride 2, beside a smaller tower, it took less than 20 MB. */
  memory: () => ({ prepacked: 912, smallest: 912 }),
});
