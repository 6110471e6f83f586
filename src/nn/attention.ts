import { described } from "../check/described.ts";
import { ShapeError } from "../errors.ts";
import { shapeOf } from "../graph/arguments.ts";
import { add, matmul, mul, reshape, softmax, swapLast, transpose, type Value } from "../graph/index.ts";
import { checkedLayer } from "./_layer.ts";
import { type Linear, linear } from "./linear.ts";

/** The four projections of an attention layer. */
export interface Attention {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly out: Linear;
}

/** [B, T, D] to [B, h, T, d]. */
export function splitHeads(x: Value, heads: number): Value {
  const [batch, tokens, width] = shapeOf(x, "splitHeads: x", 3) as [number, number, number];
  if (!(Number.isInteger(heads) && heads >= 1 && width % heads === 0))
    throw new ShapeError(`splitHeads: a width of ${width} cannot be split into ${described(heads)} heads`);
  return transpose(reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
}

/** [B, h, T, d] to [B, T, D]. */
export function mergeHeads(x: Value): Value {
  const [batch, heads, tokens, width] = shapeOf(x, "mergeHeads: x", 4) as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * width]);
}

/**
 * How much each query attends to each key, for heads [B, h, T, d]: softmax(q·kᵀ / √d + bias), [B, h, Tq, Tk].
 *
 * @param bias - added to the scores, broadcast to [B, h, Tq, Tk]
 */
function attentionWeights(q: Value, k: Value, bias?: Value): Value {
  const scale = shapeOf(q, "scaledDotProduct: q", 4).at(-1)! ** -0.5;
  const scores = matmul(mul(q, scale), swapLast(k)); // [B, h, Tq, Tk]
  return softmax(bias === undefined ? scores : add(scores, bias));
}

/**
 * softmax(q·kᵀ / √d + bias)·v for heads [B, h, T, d].
 *
 * @param bias - added to the scores, broadcast to [B, h, Tq, Tk]
 */
export function scaledDotProduct(q: Value, k: Value, v: Value, bias?: Value): Value {
  return matmul(attentionWeights(q, k, bias), v); // [B, h, Tq, d]
}

/** What an attention layer computes. */
export interface Attended {
  /** How much each query attends to each key, [B, h, Tq, Tk]; rows sum to 1. */
  readonly weights: Value;
  /** [B, Tq, D] */
  readonly output: Value;
}

/** As `attention`, which takes the same arguments, with the weights of the tokens. */
export function attend(queries: Value, keys: Value, layer: Attention, heads: number, values: Value = keys, mask?: Value): Attended {
  const { query, key, value, out } = checkedLayer(layer, "attention", {});
  const q = splitHeads(linear(queries, query), heads); // [B, h, Tq, d]
  const k = splitHeads(linear(keys, key), heads); // [B, h, Tk, d]
  const v = splitHeads(linear(values, value), heads); // [B, h, Tk, d]
  const weights = attentionWeights(q, k, mask);
  return { weights, output: linear(mergeHeads(matmul(weights, v)), out) };
}

/**
 * Multi-head attention of some tokens to others.
 *
 * @param queries - [B, Tq, D] the attending tokens
 * @param keys - [B, Tk, D] the tokens attended to
 * @param values - [B, Tk, D] the values, by default `keys`
 * @param mask - added to the scores, broadcast to [B, h, Tq, Tk]
 * @returns [B, Tq, D]
 */
export function attention(queries: Value, keys: Value, layer: Attention, heads: number, values: Value = keys, mask?: Value): Value {
  return attend(queries, keys, layer, heads, values, mask).output;
}
