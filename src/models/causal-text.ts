import { add, constant, gather, reshape, slice, type Value } from "../graph/index.ts";
import { type Norm, norm } from "../nn/index.ts";
import { tensor } from "../tensor/tensor.ts";
import type { BertConfig, Packing } from "./bert.ts";
import { type PreNormBlock, type PreNormConfig, preNormBlock } from "./pre-norm-block.ts";

export interface CausalTextWeights {
  /** [V, D] */
  readonly words: Value;
  /** [P, D] */
  readonly positions: Value;
  readonly blocks: readonly PreNormBlock[];
  readonly norm: Norm;
}

/** The named intermediates of a causal text encoder. */
export interface CausalTextOutputs {
  /** Output of each block, [B, T, D]; the last one after the final normalisation. */
  readonly layers: readonly Value[];
  /** The last hidden state of each text's last token, [B, D], or of the token that `packing` names, [N, D]. */
  readonly lastToken: Value;
}

/** Added to the scores of the tokens that come later; its exponential is 0. */
const hidden = -1e30;

/** 0 where a token may look at another, that is at itself and those before it, [T, T]. */
function causalMask(length: number): Value {
  const values = Float32Array.from({ length: length * length }, (_, i) => (i % length > Math.floor(i / length) ? hidden : 0));
  return constant(tensor("float32", [length, length], values));
}

/**
 * A pre-norm transformer over texts of equal length that end with their last token, or over packed ones: each token looks at itself and those
 * before it. Of the last block `lastToken` computes only what it reads.
 *
 * @param ids - token ids, int64 [B, T]
 * @param packing - where a row holds several texts; its masks must be causal
 * @see Radford et al. 2021, arXiv:2103.00020, section 2.4
 */
export function causalText(
  ids: Value,
  weights: CausalTextWeights,
  config: BertConfig & PreNormConfig,
  packing?: Packing,
): CausalTextOutputs {
  const { width, depth, epsilon } = config;
  const [batch, length] = ids.shape as [number, number];
  const rows = packing ? gather(weights.positions, packing.places) : slice(weights.positions, 0, 0, length); // [B, T, D] or [T, D]
  const embedded = add(gather(weights.words, ids), rows); // [B, T, D]
  const mask = packing?.mask ?? causalMask(length);
  const outputs: Value[] = [];
  for (const block of weights.blocks) {
    const x = outputs.at(-1) ?? embedded;
    const norm1 = norm(x, block.norm1, epsilon);
    outputs.push(preNormBlock({ x, norm1 }, norm1, block, config, mask).output);
  }
  const layers = [...outputs.slice(0, -1), norm(outputs.at(-1)!, weights.norm, epsilon)];
  const before = outputs[depth - 2] ?? embedded;
  const block = weights.blocks[depth - 1]!;
  const last = (x: Value, all: Value, allowed?: Value): Value => {
    const { output } = preNormBlock({ x, norm1: norm(x, block.norm1, epsilon) }, norm(all, block.norm1, epsilon), block, config, allowed);
    return norm(output, weights.norm, epsilon);
  };
  // The last token may look at all of its text: it needs no mask.
  if (!packing) return { layers, lastToken: reshape(last(slice(before, 1, length - 1, length), before), [batch, width]) };
  const all = reshape(before, [1, batch * length, width]);
  const read = gather(reshape(before, [batch * length, width]), packing.read); // [N, D]
  return { layers, lastToken: reshape(last(reshape(read, [1, ...read.shape]), all, packing.readMask), read.shape) };
}
