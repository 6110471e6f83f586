import { InputError } from "../../errors.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

/** Largest number of tokens in a row, unless a text is longer: the cost of attention grows with its square. */
const longestRow = 256;
/** Row lengths are rounded up to a multiple of this, so that batches share shapes, and thus sessions. */
const lengthStep = 16;

/** Added to the attention score between tokens that do not look at one another; its exponential is 0. */
const hidden = -1e30;

/** Several texts per row of tokens, as inputs of a packed text tower. */
export interface PackedTexts {
  readonly rows: number;
  /** Tokens per row. */
  readonly length: number;
  readonly feeds: Readonly<Record<"ids" | "places" | "mask" | "read" | "readMask", Tensor>>;
}

/**
 * Packs texts of different lengths into few rows of equal length, the longest texts first, each into the first row that has room.
 * The result depends only on the texts' lengths, so the same batch is always computed in the same order.
 *
 * @param texts - token ids of each, without padding
 * @param read - the token whose state is read: the first of a tower in which all tokens see one another, or the last of a causal one, in which
 *   each sees those before it
 * @throws InputError when a text is empty
 */
export function packTexts(texts: readonly (readonly number[])[], read: "first" | "last" = "first"): PackedTexts {
  const empty = texts.findIndex(({ length }) => length === 0);
  if (empty >= 0 || texts.length === 0) throw new InputError(`packTexts: text ${Math.max(empty, 0)} has no tokens`);
  const { rows, length, places } = layoutOf(texts.map((ids) => ids.length));
  const size = rows * length;
  const ids = new BigInt64Array(size);
  const within = new BigInt64Array(size);
  const owner = new Int32Array(size).fill(-1);
  for (const [text, at] of places.entries()) {
    for (const [i, id] of texts[text]!.entries()) {
      ids[at + i] = BigInt(id);
      within[at + i] = BigInt(i);
      owner[at + i] = text;
    }
  }
  // The padding of a row is treated as a text of its own, which is not used.
  const mask = new Float32Array(rows * length * length);
  for (let at = 0; at < size; at++) {
    const row = at - (at % length);
    for (let other = 0; other < length; other++) {
      if (owner[at] !== owner[row + other] || (read === "last" && row + other > at)) mask[at * length + other] = hidden;
    }
  }
  const readAt = places.map((at, text) => (read === "first" ? at : at + texts[text]!.length - 1));
  const readMask = Float32Array.from({ length: texts.length * size }, (_, i) => (owner[i % size] === Math.floor(i / size) ? 0 : hidden));
  return {
    rows,
    length,
    feeds: {
      ids: tensor("int64", [rows, length], ids),
      places: tensor("int64", [rows, length], within),
      mask: tensor("float32", [rows, 1, length, length], mask),
      read: tensor("int64", [texts.length], BigInt64Array.from(readAt, BigInt)),
      readMask: tensor("float32", [1, 1, texts.length, size], readMask),
    },
  };
}

/** The smallest number of rows, and the shortest rows, that hold all texts; and where each text begins. */
function layoutOf(lengths: readonly number[]): { rows: number; length: number; places: number[] } {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const rows = Math.ceil(total / Math.max(longest, longestRow));
  for (let length = roundedUp(Math.max(longest, total / rows)); ; length += lengthStep) {
    const places = firstFit(lengths, rows, length);
    if (places) return { rows, length, places };
  }
}

function roundedUp(length: number): number {
  return Math.ceil(length / lengthStep) * lengthStep;
}

/** Where each text begins when the longest are placed first; undefined when they do not all fit. */
function firstFit(lengths: readonly number[], rows: number, length: number): number[] | undefined {
  const used = new Array<number>(rows).fill(0);
  const places = new Array<number>(lengths.length).fill(0);
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  for (const text of order) {
    const row = used.findIndex((tokens) => tokens + lengths[text]! <= length);
    if (row < 0) return undefined;
    places[text] = row * length + used[row]!;
    used[row]! += lengths[text]!;
  }
  return places;
}
