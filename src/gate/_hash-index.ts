import { bitCount, type Hash64 } from "./perceptual-hash.ts";

/** Bits of a band. */
const bandBits = 16;
const bandCount = 64 / bandBits;
const keyCount = 1 << bandBits;

/** Called with the position of a hash in the index, and its distance from the one searched. */
type Found = (position: number, distance: number) => void;

/**
 * Finds all hashes within a distance, without comparing each with each.
 *
 * A hash is cut into 4 bands of 16 bits. Two hashes that differ in at most t bits differ in at most floor(t / 4) bits in one of the bands
 * (pigeonhole), so it is enough to look into the buckets of the bands within that distance: 137 buckets of 65,536 for each band at t = 8.
 *
 * @see Norouzi, Punjani, Fleet 2012, Fast search in Hamming space with multi-index hashing
 */
export class HashIndex {
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  /** Of each band: where the bucket of a key begins in `#order`. */
  readonly #starts: readonly Int32Array[];
  /** Of each band: positions sorted by key. */
  readonly #order: readonly Int32Array[];

  constructor(hashes: readonly Hash64[]) {
    this.#high = Uint32Array.from(hashes, ({ high }) => high);
    this.#low = Uint32Array.from(hashes, ({ low }) => low);
    const bands = Array.from({ length: bandCount }, (_, band) => this.#sorted(band));
    this.#starts = bands.map(({ starts }) => starts);
    this.#order = bands.map(({ order }) => order);
  }

  #sorted(band: number): { readonly starts: Int32Array; readonly order: Int32Array } {
    const starts = new Int32Array(keyCount + 1);
    const order = new Int32Array(this.#high.length);
    for (let i = 0; i < order.length; i++) starts[keyOf(this.#high[i]!, this.#low[i]!, band) + 1]!++;
    for (let key = 0; key < keyCount; key++) starts[key + 1]! += starts[key]!;
    const next = starts.slice();
    for (let i = 0; i < order.length; i++) order[next[keyOf(this.#high[i]!, this.#low[i]!, band)]!++] = i;
    return { starts, order };
  }

  /** Calls back once for each hash within `distance`, in no particular order. */
  within({ high, low }: Hash64, distance: number, found: Found): void {
    const radius = Math.floor(distance / bandCount);
    const changes = changesWithin(radius);
    for (let band = 0; band < bandCount; band++) {
      const key = keyOf(high, low, band);
      const [starts, order] = [this.#starts[band]!, this.#order[band]!];
      for (const change of changes) {
        const bucket = key ^ change;
        for (let at = starts[bucket]!; at < starts[bucket + 1]!; at++) {
          const position = order[at]!;
          const [highBits, lowBits] = [this.#high[position]! ^ high, this.#low[position]! ^ low];
          const bits = bitCount(highBits) + bitCount(lowBits);
          if (bits <= distance && isFirst(highBits, lowBits, band, radius)) found(position, bits);
        }
      }
    }
  }
}

function keyOf(high: number, low: number, band: number): number {
  const half = band < 2 ? high : low;
  return band % 2 === 0 ? half >>> bandBits : half & (keyCount - 1);
}

/** Whether no band before this one finds the same two hashes, of which the differing bits are given. */
function isFirst(highBits: number, lowBits: number, band: number, radius: number): boolean {
  for (let before = 0; before < band; before++) if (bitCount(keyOf(highBits, lowBits, before)) <= radius) return false;
  return true;
}

const changes = new Map<number, Int32Array>();

/** All numbers of 16 bits of which at most `radius` are set. */
function changesWithin(radius: number): Int32Array {
  const known = changes.get(radius);
  if (known) return known;
  const made = Int32Array.from({ length: keyCount }, (_, bits) => bits).filter((bits) => bitCount(bits) <= radius);
  changes.set(radius, made);
  return made;
}
