import { add, concat, constant, gather, matmul, mul, reshape, slice, softmax, swapLast, transpose, type Value } from "../../graph/index.ts";
import { type Linear, linear, mergeHeads, splitHeads } from "../../nn/index.ts";
import { tensor } from "../../tensor/tensor.ts";

/** Self-attention over a square of tokens, with one table of relative positions for rows and one for columns. */
export interface RelativeAttention {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly out: Linear;
  /** [2 S - 1, d]: entry S - 1 + (query row - key row). */
  readonly rows: Value;
  /** [2 S - 1, d], the same for columns. */
  readonly columns: Value;
}

/**
 * Queries computed at once, unless asked for otherwise. The scores of a 64 x 64 grid would take 0.8 GB for 12 heads; those of 256
 * queries take 50 MB, and larger pieces are not faster.
 */
const QUERIES_A_CHUNK = 256;

/**
 * softmax(q·kᵀ / √d + q·R_h[y_q - y_k] + q·R_w[x_q - x_k])·v
 *
 * The position terms use q before it is divided by √d.
 *
 * @param x - [B, S, S, D], squares of tokens that attend among themselves
 * @returns [B, S, S, D]
 */
export function relativeAttention(x: Value, layer: RelativeAttention, heads: number, queriesAChunk = QUERIES_A_CHUNK): Value {
  const [batch, side, , width] = x.shape as [number, number, number, number];
  const tokens = reshape(x, [batch, side * side, width]);
  const [q, k, v] = [layer.query, layer.key, layer.value].map((projection) => splitHeads(linear(tokens, projection), heads)); // [B, h, T, d]
  const rows = distances(layer.rows, side); // [S, S, d]
  const columns = distances(layer.columns, side); // [S, S, d]
  const keys = swapLast(k!); // [B, h, d, T]
  const step = Math.max(1, Math.floor(queriesAChunk / side));
  const chunks: Value[] = [];
  for (let y0 = 0; y0 < side; y0 += step) {
    const y1 = Math.min(y0 + step, side);
    const part = slice(q!, 2, y0 * side, y1 * side); // [B, h, n, d]
    const scores = matmul(mul(part, part.shape[3]! ** -0.5), keys); // [B, h, n, T]
    const biased = addPositions(scores, part, slice(rows, 0, y0, y1), columns, side); // [B, h, n, T]
    chunks.push(matmul(softmax(biased), v!)); // [B, h, n, d]
  }
  return reshape(linear(mergeHeads(concat(chunks, 2)), layer.out), x.shape);
}

/** Scores [B, h, n, T] of some rows of queries [B, h, n, d], plus what their distance to each key's row and column adds. */
function addPositions(scores: Value, q: Value, rows: Value, columns: Value, side: number): Value {
  const [batch, heads, count, width] = q.shape as [number, number, number, number];
  const lines = count / side; // n = r rows of S queries
  const byRow = reshape(q, [batch, heads, lines, side, width]); // [B, h, r, S, d]
  const vertical = matmul(byRow, swapLast(rows)); // [B, h, r, S, S of key rows]
  const byColumn = transpose(byRow, [0, 1, 3, 2, 4]); // [B, h, S, r, d]
  const horizontal = transpose(matmul(byColumn, swapLast(columns)), [0, 1, 3, 2, 4]); // [B, h, r, S, S of key columns]
  if (side <= LARGEST_SPREAD) {
    const both = reshape(concat([vertical, horizontal], 4), [batch, heads, count, 2 * side]);
    return add(scores, matmul(both, spread(side))); // [B, h, n, T]
  }
  const square = reshape(scores, [batch, heads, count, side, side]);
  const withRows = add(square, reshape(vertical, [batch, heads, count, side, 1]));
  return reshape(add(withRows, reshape(horizontal, [batch, heads, count, 1, side])), scores.shape);
}

/**
 * Adding a term of S values to rows of S scores is slow where S is small, as the runtime handles each short row by itself. Up to
 * this side a matrix product spreads the terms over all keys instead, and one addition remains.
 */
const LARGEST_SPREAD = 16;

/** [2 S, T] of 0 and 1: which key lies in which row (the first S lines) and in which column (the others). */
function spread(side: number): Value {
  const keys = side * side;
  const ones = Float32Array.from({ length: 2 * side * keys }, (_, i) => {
    const [line, key] = [Math.floor(i / keys), i % keys];
    return line === Math.floor(key / side) || line - side === key % side ? 1 : 0;
  });
  return constant(tensor("float32", [2 * side, keys], ones));
}

/** The entries of a table [2 S - 1, d] for each pair of positions: [S of queries, S of keys, d]. */
function distances(table: Value, side: number): Value {
  const indices = BigInt64Array.from({ length: side * side }, (_, i) => BigInt(Math.floor(i / side) - (i % side) + side - 1));
  return gather(table, constant(tensor("int64", [side, side], indices)));
}
