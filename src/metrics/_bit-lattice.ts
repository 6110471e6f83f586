import type { Mask } from "../image/types.ts";

/**
 * The tolerance up to which bits are used: a word sees 32 columns, and what grows out of two neighbouring rows by up to 15 columns does not
 * meet in the empty word between them.
 */
export const farthestOfBits = 15;

/** Corners of two masks, counted by how the four pixels round them are set: [one, side by side, diagonal, three, four]. */
export interface CornerCounts {
  readonly all: Float64Array;
  /** Those from which no corner of the other mask is within the tolerance. */
  readonly far: Float64Array;
}

/**
 * Counts the corners of two masks of one size, and which of them are far from the other mask.
 *
 * Corners lie between pixels, [H + 1, W + 1], and belong to a mask when one of the four pixels round them does. To know whether a corner has one of
 * the other mask within the tolerance needs no distance: either the other's corners, grown by a disc, cover it or they do not. With 32 corners in a
 * word, growing is shifting and joining words, and most words need nothing at all: where the other mask has the same corners, none is far.
 *
 * @param tolerance - in pixels, inclusive, in [0, farthestOfBits]
 */
export function countCorners(mask: Mask, truth: Mask, tolerance: number): CornerCounts {
  const counts = { all: new Float64Array(5), far: new Float64Array(5) };
  const halfWidths = discOf(tolerance);
  const [ours, theirs] = [pack(mask), pack(truth)];
  const [ourCorners, theirCorners] = [cornersOf(ours), cornersOf(theirs)];
  countSide(ours, ourCorners, grown(theirCorners, halfWidths[0]!), halfWidths, counts);
  countSide(theirs, theirCorners, grown(ourCorners, halfWidths[0]!), halfWidths, counts);
  return counts;
}

/** Rows of bits, column x in bit x % 32. An empty word before each row, and one behind the last, take what is shifted out of it. */
interface BitRows {
  readonly rows: number;
  /** Words from one row to the next. */
  readonly stride: number;
  readonly words: Int32Array;
}

const noBits = ({ rows, stride }: Pick<BitRows, "rows" | "stride">): BitRows => ({
  rows,
  stride,
  words: new Int32Array(rows * stride + 1),
});

/** Half widths of the rows of a disc: in a row at distance i, `disc[i]` columns to both sides are within the tolerance. */
function discOf(tolerance: number): number[] {
  return Array.from({ length: Math.floor(tolerance) + 1 }, (_, row) => {
    let column = Math.floor(tolerance);
    while (Math.sqrt(row * row + column * column) > tolerance) column--;
    return column;
  });
}

/** The pixels of a mask, with an empty row above and below and an empty column to the right: [H + 2, W + 1]. */
function pack({ width, height, data }: Mask): BitRows {
  const bits = noBits({ rows: height + 2, stride: Math.ceil((width + 1) / 32) + 1 });
  for (let y = 0, i = 0; y < height; y++) {
    let at = (y + 1) * bits.stride + 1;
    for (let x = 0; x < width; x += 32, at++) {
      const columns = Math.min(32, width - x);
      let word = 0;
      for (let bit = 0; bit < columns; bit++) if (data[i++] !== 0) word |= 1 << bit;
      bits.words[at] = word;
    }
  }
  return bits;
}

/** The corners of a mask, [H + 1, W + 1]. The corner at (y, x) is north west of the pixel at (y, x). */
function cornersOf({ rows, stride, words }: BitRows): BitRows {
  const corners = noBits({ rows: rows - 1, stride });
  for (let i = 1; i < corners.words.length; i++) {
    const column = words[i]! | words[i + stride]!;
    const before = words[i - 1]! | words[i - 1 + stride]!;
    corners.words[i] = column | (column << 1) | (before >>> 31);
  }
  return corners;
}

/** `bits`, and the same grown along the rows to both sides by 1, 2, ... up to `most` columns. */
function grown(bits: BitRows, most: number): BitRows[] {
  const levels = [bits];
  for (let level = 1; level <= most; level++) {
    const { words } = levels[level - 1]!;
    const wider = noBits(bits);
    const last = words.length - 1;
    for (let i = 0; i <= last; i++) {
      const word = words[i]!;
      wider.words[i] = word | (word << 1) | (word >>> 1) | (i > 0 ? words[i - 1]! >>> 31 : 0) | (i < last ? words[i + 1]! << 31 : 0);
    }
    levels.push(wider);
  }
  return levels;
}

/** Adds the corners of one mask to the counts. `others` are those of the other mask, grown. */
function countSide(
  { stride, words: pixels }: BitRows,
  { rows, words: corners }: BitRows,
  others: readonly BitRows[],
  halfWidths: readonly number[],
  { all, far }: CornerCounts,
): void {
  for (let row = 0; row < rows; row++) {
    for (let i = row * stride + 1; i < (row + 1) * stride; i++) {
      const own = corners[i]!;
      if (own === 0) continue;
      const northEast = pixels[i]!;
      const northWest = (northEast << 1) | (pixels[i - 1]! >>> 31);
      const southEast = pixels[i + stride]!;
      const southWest = (southEast << 1) | (pixels[i - 1 + stride]! >>> 31);
      addKinds(all, own, northWest, northEast, southWest, southEast);
      let rest = own & ~others[0]!.words[i]!;
      for (let distance = 0; rest !== 0 && distance < halfWidths.length; distance++) {
        const level = others[halfWidths[distance]!]!.words;
        if (row >= distance) rest &= ~level[i - distance * stride]!;
        if (row + distance < rows) rest &= ~level[i + distance * stride]!;
      }
      if (rest !== 0) addKinds(far, rest, northWest, northEast, southWest, southEast);
    }
  }
}

/** Adds the chosen corners of a word to the count of their kind. */
function addKinds(counts: Float64Array, chosen: number, northWest: number, northEast: number, southWest: number, southEast: number): void {
  const oneNorth = northWest ^ northEast;
  const twoNorth = northWest & northEast;
  const oneSouth = southWest ^ southEast;
  const twoSouth = southWest & southEast;
  const four = bitCount(chosen & twoNorth & twoSouth);
  const total = bitCount(chosen);
  counts[4]! += four;
  if (four === total) return; // inside the mask, where most words are
  const one = bitCount(chosen & ((oneNorth & ~(southWest | southEast)) | (oneSouth & ~(northWest | northEast))));
  const diagonal = bitCount(chosen & oneNorth & oneSouth & (northWest ^ southWest));
  const three = bitCount(chosen & ((oneNorth & twoSouth) | (twoNorth & oneSouth)));
  counts[0]! += one;
  counts[1]! += total - one - diagonal - three - four;
  counts[2]! += diagonal;
  counts[3]! += three;
}

/** Bits set in a word: of each pair, then each four, each byte; the product adds the bytes. */
function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
