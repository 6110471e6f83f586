import { add, matmul, mul, reshape, softmax, swapLast, type Value } from "../graph/index.ts";
import { type ClipModel, patchFeatures, visionWeights } from "../models/clip/index.ts";
import { withMlp } from "../models/pre-norm-block.ts";
import { gridOf } from "../models/vit.ts";
import { cosineSimilarity, linear, mergeHeads, splitHeads } from "../nn/index.ts";
import { methodOfGraphs } from "./_method-of-graph.ts";
import type { MemoryPeaks, SaliencyMethod } from "./saliency-method.ts";

/** The last block of an image tower, in parts of which a method makes another block. T tokens, the class token first; h heads of width d. */
export interface LastBlock {
  /** Its input, [1, T, D]. */
  readonly x: Value;
  /** Queries, keys and values, [1, h, T, d]. */
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  /** Patches along a side. */
  readonly grid: number;
  /** The heads' outputs [1, h, T, d] as tokens through the output projection, [1, T, D]. */
  readonly project: (heads: Value) => Value;
  /** Tokens behind the attention [1, T, D] through the rest of the block: y + MLP(LN y). */
  readonly withMlp: (y: Value) => Value;
}

/**
 * A method that replaces the last block so that its patches fit texts: the cosine of each patch with the text, after the final normalisation
 * and the projection into the shared space. One pass of the image tower serves all texts.
 *
 * @param tokens - the output of the block in place of the last one, [1, T, D]
 */
export function denseMethod(model: ClipModel, tokens: (last: LastBlock) => Value): SaliencyMethod {
  const { weights, config } = model;
  const { depth, heads } = config.vision;
  const block = visionWeights(weights, config).blocks.at(-1)!;
  const { query, key, value, out } = block.attention;
  return methodOfGraphs(model, {
    layer: depth - 1,
    image({ embedded, blocks, inside }) {
      const { norm1 } = inside.at(-1)!;
      const [q, k, v] = [query, key, value].map((layer) => splitHeads(linear(norm1, layer), heads)) as [Value, Value, Value];
      const project = (attended: Value) => linear(mergeHeads(attended), out);
      const rest = (y: Value) => withMlp(y, block, config.vision).output;
      const replaced = tokens({ x: blocks.at(-2) ?? embedded, q, k, v, grid: gridOf(config.vision), project, withMlp: rest });
      return patchFeatures({ blocks: [replaced] }, weights, config); // [1, N, E]
    },
    text: (patches, text) => reshape(cosineSimilarity(reshape(text, [1, 1, config.embed]), patches), [patches.shape[1]!]),
  });
}

/**
 * How alike the tokens of heads [1, h, T, d] are: softmax(a·aᵀ / √d + bias), [1, h, T, T].
 *
 * @param bias - added to the scores, broadcast to [1, h, T, T]
 */
export function selfSimilarity(a: Value, bias?: Value): Value {
  const scores = matmul(mul(a, a.shape.at(-1)! ** -0.5), swapLast(a));
  return softmax(bias === undefined ? scores : add(scores, bias));
}

/** As patch-text. */
export const denseMemory = (): MemoryPeaks => ({ prepacked: 892, smallest: 892 });
