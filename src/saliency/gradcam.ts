import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { exp, gradients, mul, reduceMean, reduceSum, relu, reshape, slice, type Value } from "../graph/index.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { CutTower } from "./_cut-tower.ts";
import { methodOfGraphs } from "./_method-of-graph.ts";
import { blocksBehind, layerSetting, saliencyMethod } from "./saliency-method.ts";

/**
 * GradCAM on the patches of a vision transformer: channels that raise the agreement with the text, weighted by how much.
 *
 *   s = exp(logit scale) · cos(text, image)
 *   A = LN₁ of block `layer` + 1 at the patches [N, D],   w = mean over the patches of ∂s/∂A
 *   value = max(0, Σ w A)                                                  summed over the channels
 *
 * By default A is that of the last block, as pytorch-grad-cam advises for vision transformers. Behind its second normalisation, where
 * some look, the gradient at the patches is zero: the class token has read them by then.
 *
 * @see Selvaraju et al. 2017, arXiv:1610.02391
 */
export const gradcam = saliencyMethod({
  settings: z.strictObject({ layer: layerSetting("the last but one") }),
  drawsNoise: false,
  open(model, { layer = model.config.vision.depth - 2 }) {
    const cut = CutTower.afterBlock(model, layer);
    if (cut.isLast) {
      throw new ConfigError(
        `gradcam uses the input of the block after --layer ${layer}, but ${layer} is the last block. Use --layer 0 to ${Math.max(layer - 1, 0)}.`,
      );
    }
    const patchesOf = (tokens: Value) => slice(tokens, 1, 1, cut.tokens); // [1, T, D] to [1, N, D]
    const text = (hidden: Value, words: Value) => {
      const [norm, features] = cut.behind(hidden, ({ inside, features }) => [inside[layer + 1]!.norm1, features]) as [Value, Value];
      const score = mul(exp(model.weights.get("logit_scale", [])), cosineSimilarity(words, features)); // [1]
      const [gradient] = gradients(score, [norm]) as [Value]; // [1, T, D]
      const weights = reduceMean(patchesOf(gradient), [1], { keepDims: true }); // [1, 1, D]
      const sums = reduceSum(mul(weights, patchesOf(norm)), [2]); // [1, N]
      return reshape(relu(sums), [cut.tokens - 1]);
    };
    return methodOfGraphs(model, { layer, image: cut.tokensOf, text });
  },
  /** By two runs, with 1 block and with 11 behind the layer. */
  memory({ layer = 10 }) {
    const blocks = blocksBehind(layer);
    return { prepacked: 895 + 37 * blocks, smallest: 885 + 10 * blocks };
  },
});
