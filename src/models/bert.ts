import { add, gather, gelu, reshape, slice, type Value } from "../graph/index.ts";
import { type Attention, attention, type Linear, linear, type Norm, norm } from "../nn/index.ts";

/** Sizes of a BERT encoder. */
export interface BertConfig {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Width inside the MLP of a layer. */
  readonly inner: number;
  readonly vocabulary: number;
  /** Longest text in tokens that the position table allows. */
  readonly positions: number;
  readonly epsilon: number;
}

/** One post-norm layer: LN₁(x + Attn x), then LN₂(x + MLP x). */
export interface BertLayer {
  readonly attention: Attention;
  readonly norm1: Norm;
  readonly mlp: readonly [Linear, Linear];
  readonly norm2: Norm;
}

export interface BertWeights {
  /** [V, D] */
  readonly words: Value;
  /** [P, D] */
  readonly positions: Value;
  /** [2, D] */
  readonly tokenTypes: Value;
  readonly norm: Norm;
  readonly layers: readonly BertLayer[];
}

/** The named intermediates of a BERT encoder. */
export interface BertOutputs {
  /** Output of each layer, [B, T, D]. */
  readonly layers: readonly Value[];
  /** The last hidden state of token 0 ([CLS]), [B, D]. */
  readonly classToken: Value;
}

/**
 * A BERT encoder over texts of equal length without padding: a text is computed alone, so no mask is needed and no padding
 * token costs anything. Of the last layer `classToken` computes only what it reads.
 *
 * @param ids - token ids, int64 [B, T]
 * @see Devlin et al. 2019, arXiv:1810.04805
 */
export function bert(ids: Value, weights: BertWeights, { width, depth, heads, epsilon }: BertConfig): BertOutputs {
  const [batch, length] = ids.shape as [number, number];
  const words = gather(weights.words, ids); // [B, T, D]
  const places = add(slice(weights.positions, 0, 0, length), slice(weights.tokenTypes, 0, 0, 1)); // [T, D]
  const embedded = norm(add(words, places), weights.norm, epsilon);
  const layers: Value[] = [];
  for (const layer of weights.layers) {
    const x = layers.at(-1) ?? embedded;
    layers.push(bertLayer(x, x, layer, heads, epsilon));
  }
  const before = layers[depth - 2] ?? embedded;
  const last = bertLayer(slice(before, 1, 0, 1), before, weights.layers[depth - 1]!, heads, epsilon); // [B, 1, D]
  return { layers, classToken: reshape(last, [batch, width]) };
}

/** The output of a layer for some of its tokens, which look at all of them. */
function bertLayer(x: Value, all: Value, layer: BertLayer, heads: number, epsilon: number): Value {
  const attended = norm(add(x, attention(x, all, layer.attention, heads)), layer.norm1, epsilon);
  const hidden = linear(gelu(linear(attended, layer.mlp[0])), layer.mlp[1]);
  return norm(add(attended, hidden), layer.norm2, epsilon);
}
