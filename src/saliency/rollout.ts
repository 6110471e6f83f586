import { z } from "zod";
import { add, concat, expand, matmul, mul, reduceMean, reshape, scalar, slice, type Value } from "../graph/index.ts";
import { methodOfGraphs } from "./_method-of-graph.ts";
import { saliencyMethod } from "./saliency-method.ts";

/**
 * Attention rollout: how much of each patch reaches the class token if every block mixes its tokens as its attention says.
 *
 *   Ã_l = ½ Ā_l + ½ I,   Ā_l: mean of block l's attention over its heads [T, T]
 *   values = row of the class token of Ã_L · … · Ã_2 · Ã_1, without the class token itself
 *
 * It does not depend on the text: it shows what the image tower looks at, whatever is asked for. One pass of the image tower.
 *
 * @see Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers", arXiv:2005.00928, section 3 (Ã = 0.5 W_att + 0.5 I)
 */
export const rollout = saliencyMethod({
  settings: z.strictObject({}),
  drawsNoise: false,
  open(model) {
    return methodOfGraphs(model, {
      layer: model.config.vision.depth - 1,
      warnings: ["rollout does not depend on the text prompt: it shows what the image tower looks at, whatever is asked for"],
      image({ inside, classInside }) {
        /** A row [1, 1, 1, T] times Ã of a block. */
        const through = (row: Value, attention: Value) => mul(add(reduceMean(matmul(row, attention), [1], { keepDims: true }), row), 0.5);
        const mean = reduceMean(classInside.attention, [1], { keepDims: true }); // [1, 1, 1, T], the class token's row of Ā_L
        const last = mul(add(mean, classTokenOf(mean.shape.at(-1)!)), 0.5);
        const row = inside.slice(0, -1).reduceRight((row, { attention }) => through(row, attention), last);
        return slice(row, 3, 1, row.shape[3]!); // [1, 1, 1, N]
      },
      text: (values) => reshape(values, [values.shape.at(-1)!]),
    });
  },
  memory: () => ({ prepacked: 892, smallest: 892 }),
});

/** The class token's row of the identity, [1, 1, 1, T]. */
function classTokenOf(tokens: number): Value {
  return concat([expand(scalar(1), [1, 1, 1, 1]), expand(scalar(0), [1, 1, 1, tokens - 1])], 3);
}
