import { z } from "zod";
import { add, cast, expand, gradients, loop, mul, reduceSum, reshape, scalar, slice, type Value } from "../graph/index.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { CutTower } from "./_cut-tower.ts";
import { methodOfGraphs } from "./_method-of-graph.ts";
import { defaultLayer, layerIn } from "./m2ib.ts";
import { blocksBehind, layerSetting, saliencyMethod } from "./saliency-method.ts";

/** ε of the cosine, as in the released code. */
const cosineEpsilon = 1e-6;

/**
 * Narrowing information bottleneck (NIB): how much the tokens after one block add to the similarity to the text along a path from
 * zero to their values. It cuts the tower where M2IB does, but needs neither noise nor optimisation, so it takes about a tenth of
 * the time.
 *
 *   h: tokens after block `layer` [T, D],   xᵢ = (i / n) h,   i = 1..n = `steps`
 *   value = Σ h · (1/n) Σᵢ ∂cos(text, image(xᵢ)) / ∂xᵢ                     summed over the channels
 *
 * A value can be negative: the patch lowers the similarity to the text.
 *
 * @see Zhu et al. 2025, "Narrowing Information Bottleneck Theory for Multimodal Image-Text Representations Interpretability", arXiv:2502.14889
 */
export const nib = saliencyMethod({
  settings: z.strictObject({
    layer: layerSetting(`${defaultLayer}`),
    steps: z.number().int().positive().default(10).describe("n, steps on the path from zero to the tokens"),
  }),
  drawsNoise: false,
  open(model, { layer: given, steps }) {
    const { layer, warnings } = layerIn(model, given);
    const cut = CutTower.afterBlock(model, layer);
    const text = (hidden: Value, words: Value) => {
      const { last } = loop(steps, [expand(scalar(0), hidden.shape)], (index, [sum]) => {
        const x = mul(hidden, mul(add(cast(index, "float32"), 1), 1 / steps)); // [1, T, D]
        const [gradient] = gradients(cosineSimilarity(words, cut.featuresBehind(x), cosineEpsilon), [x]) as [Value];
        return { next: [add(sum!, gradient)] };
      });
      const sums = reduceSum(mul(hidden, mul(last[0]!, 1 / steps)), [2]); // [1, T]
      return reshape(slice(sums, 1, 1, cut.tokens), [cut.tokens - 1]);
    };
    return methodOfGraphs(model, { layer, warnings: [...warnings, ...cut.warnings], image: cut.tokensOf, text });
  },
  /** By two runs, with 4 blocks and with 11 behind the layer. */
  memory({ layer = defaultLayer }) {
    const blocks = blocksBehind(layer);
    return { prepacked: 870 + 58 * blocks, smallest: 907 + 8 * blocks };
  },
});
