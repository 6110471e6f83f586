import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { add, compile, flopsOf, input, mul, reshape, sigmoid, type Value } from "../graph/index.ts";
import { type ClipModel, denseFeatures, denseLogitParameters, outputGrid, visionTower } from "../models/clip/index.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { SharedSession } from "../runtime/shared-session.ts";
import { tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";
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
    const { imageSize, depth } = config.vision;
    const grid = outputGrid(config);
    const imageGraph = () => denseFeatures(towerOf(model, imageSize), weights, config);
    const textGraph = () => {
      const places = input("places", "float32", [1, grid * grid, config.embed]);
      const text = input("text", "float32", [1, config.embed]);
      const { scale, bias } = denseLogitParameters(weights);
      const cosine = cosineSimilarity(reshape(text, [1, 1, config.embed]), places);
      return reshape(sigmoid(add(mul(cosine, scale), bias)), [grid * grid]);
    };
    const image = new SharedSession(() => compile({ places: imageGraph() }, model.options));
    const text = new SharedSession(() => compile({ values: textGraph() }, model.options));
    return {
      layer: depth - 1,
      grid,
      presence,
      warnings: [],
      async hiddenTokens(view) {
        const pixels = model.normalised(view);
        const { places } = await image.use((session) => session.run({ pixels }));
        return places!;
      },
      async attribute(places, features) {
        const feeds = { places, text: tensor("float32", [1, config.embed], new Float32Array(features)) };
        const { values } = await text.use((session) => session.run(feeds));
        return values!.data as Float32Array;
      },
      flops: () => ({ image: flopsOf([imageGraph()]), text: flopsOf([textGraph()]) }),
      dispose: () => thenDispose(() => image.dispose(), text),
    };
  },
  /** As patch-text, and the branch: of 32 to 256 channels and with stride 2, beside a smaller tower, it took less than 20 MB. */
  memory: () => ({ prepacked: 912, smallest: 912 }),
});

function towerOf({ weights, config }: ClipModel, side: number): { image: Value; blocks: readonly Value[] } {
  return visionTower(input("pixels", "float32", [1, 3, side, side]), weights, config);
}
