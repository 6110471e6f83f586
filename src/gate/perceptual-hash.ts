import { frequenciesKept, side, type Thumbnail } from "./_frequencies.ts";

/** A hash of 64 bits in two unsigned numbers of 32 bits, the first row of frequencies in the highest bits. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** A way to turn or mirror a picture: first transposed, then mirrored left-right (`x`) and top-bottom (`y`). */
interface Turn {
  readonly name: string;
  readonly transposed: boolean;
  readonly x: boolean;
  readonly y: boolean;
}

/** The eight ways to turn and mirror a picture. The first leaves it as it is. */
export const turns = [
  { name: "as it is", transposed: false, x: false, y: false },
  { name: "mirrored left-right", transposed: false, x: true, y: false },
  { name: "mirrored top-bottom", transposed: false, x: false, y: true },
  { name: "turned by 180 degrees", transposed: false, x: true, y: true },
  { name: "transposed", transposed: true, x: false, y: false },
  { name: "turned by 90 degrees clockwise", transposed: true, x: true, y: false },
  { name: "turned by 90 degrees counter-clockwise", transposed: true, x: false, y: true },
  { name: "transposed at the other diagonal", transposed: true, x: true, y: true },
] as const satisfies readonly Turn[];

/**
 * The perceptual hashes (pHash) of a thumbnail in each of `turns`.
 *
 *   C = low 8 x 8 frequencies of the DCT-II of the thumbnail;   bit i = C_i > median(C)
 *
 * Mirroring an axis changes the sign of its odd frequencies and transposing exchanges the axes, so one transform gives all eight hashes.
 *
 * @see Zauner 2010, Implementation and Benchmarking of Perceptual Image Hash Functions, section 3.2
 * @remarks The first is equal to `imagehash.phash` (ImageHash 4.3.2) of the image that the thumbnail is of.
 */
export function perceptualHashes({ frequencies }: Thumbnail): Hash64[] {
  // Rounded, as the sign of a rounding error must not decide a bit.
  const rounded = frequencies.map((value) => Math.round(value * 1e6) / 1e6);
  return turns.map((turn) => hashOf(turnedFrequencies(rounded, turn)));
}

/** A thumbnail turned and mirrored. @param turn - an index of `turns` */
export function turnedThumbnail({ levels, frequencies }: Thumbnail, turn: number): Thumbnail {
  const { transposed, x, y } = turns[turn]!;
  const turned = levels.map((_, i) => {
    const row = y ? side - 1 - Math.floor(i / side) : Math.floor(i / side);
    const column = x ? side - 1 - (i % side) : i % side;
    return levels[transposed ? column * side + row : row * side + column]!;
  });
  return { levels: turned, frequencies: turnedFrequencies(frequencies, turns[turn]!) };
}

/** Number of bits in which two hashes differ, 0 to 64. */
export function hammingDistance(a: Hash64, b: Hash64): number {
  return bitCount(a.high ^ b.high) + bitCount(a.low ^ b.low);
}

/** A hash as 16 hexadecimal digits. */
export function hexOf({ high, low }: Hash64): string {
  return [high, low].map((half) => half.toString(16).padStart(8, "0")).join("");
}

/** Number of bits set of a 32-bit number. */
export function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function turnedFrequencies(frequencies: Float64Array, { transposed, x, y }: Turn): Float64Array {
  return frequencies.map((_, i) => {
    const [v, u] = [Math.floor(i / frequenciesKept), i % frequenciesKept];
    const value = transposed ? frequencies[u * frequenciesKept + v]! : frequencies[i]!;
    return (x && u % 2 === 1) !== (y && v % 2 === 1) ? -value : value;
  });
}

function hashOf(frequencies: Float64Array): Hash64 {
  const sorted = frequencies.slice().sort();
  const median = (sorted[31]! + sorted[32]!) / 2;
  let [high, low] = [0, 0];
  for (let i = 0; i < 32; i++) {
    high = (high << 1) | (frequencies[i]! > median ? 1 : 0);
    low = (low << 1) | (frequencies[32 + i]! > median ? 1 : 0);
  }
  return { high: high >>> 0, low: low >>> 0 };
}
