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
  /** The last hidden state of each text's first token ([CLS]), [B, D]. */
  readonly classToken: Value;
}

/**
 * Several texts in one row of tokens, isolated by an attention mask: texts of different lengths then share a batch with hardly any
 * padding.
 */
export interface Packing {
  /** Place of each token in its own text, int64 [B, T]. */
  readonly places: Value;
  /** Added to the scores: 0 where a token may look at another of its row, else a large negative number, [B, 1, T, T]. */
  readonly mask: Value;
  /** The token of each of N texts whose state is read, counted through all rows, int64 [N]. */
  readonly read: Value;
  /** The same mask between those tokens and all tokens of all rows, [1, 1, N, B · T]. */
  readonly readMask: Value;
}

/**
 * A BERT encoder over texts of equal length without padding, so that no mask is needed, or over packed ones. Of the last layer
 * `classToken` computes only what it reads.
 *
 * @param ids - token ids, int64 [B, T]
 * @param packing - where a row holds several texts; `classToken` is then [N, D]
 * @see Devlin et al. 2019, arXiv:1810.04805
 */
export function bert(ids: Value, weights: BertWeights, { width, depth, heads, epsilon }: BertConfig, packing?: Packing): BertOutputs {
  const [batch, length] = ids.shape as [number, number];
  const words = gather(weights.words, ids); // [B, T, D]
  const rows = packing ? gather(weights.positions, packing.places) : slice(weights.positions, 0, 0, length); // [B, T, D] or [T, D]
  const embedded = norm(add(words, add(rows, slice(weights.tokenTypes, 0, 0, 1))), weights.norm, epsilon);
  const layers: Value[] = [];
  for (const layer of weights.layers) {
    const x = layers.at(-1) ?? embedded;
    layers.push(bertLayer(x, x, layer, heads, epsilon, packing?.mask));
  }
  const before = layers[depth - 2] ?? embedded;
  const layer = weights.layers[depth - 1]!;
  if (!packing) {
    const last = bertLayer(slice(before, 1, 0, 1), before, layer, heads, epsilon); // [B, 1, D]
    return { layers, classToken: reshape(last, [batch, width]) };
  }
  const all = reshape(before, [1, batch * length, width]);
  const first = gather(reshape(before, [batch * length, width]), packing.read); // [N, D]
  const last = bertLayer(reshape(first, [1, ...first.shape]), all, layer, heads, epsilon, packing.readMask); // [1, N, D]
  return { layers, classToken: reshape(last, first.shape) };
}

/** The output of a layer for some of its tokens, which look at all that the mask lets them. */
function bertLayer(x: Value, all: Value, layer: BertLayer, heads: number, epsilon: number, mask?: Value): Value {
  const attended = norm(add(x, attention(x, all, layer.attention, heads, all, mask)), layer.norm1, epsilon);
  const hidden = linear(gelu(linear(attended, layer.mlp[0])), layer.mlp[1]);
  return norm(add(attended, hidden), layer.norm2, epsilon);
}
