/** From the bits of a float32 to a whole number that is in the same order as the values, and back. */
const keyOf = (bits: number): number => (bits >>> 31 ? ~bits : bits | 0x80000000) >>> 0;
const bitsOf = (key: number): number => (key >>> 31 ? key & 0x7fffffff : ~key) >>> 0;

const half = 0x10000;

/**
 * Percentiles of the finite values, as float32, interpolated linearly between the two nearest ranks (numpy's default). The values are counted by
 * the upper and then the lower half of their bits, so that a volume is neither copied nor sorted.
 *
 * @param shares - in [0, 1]
 * @returns NaN for each where no value is finite
 */
export function percentilesOf(values: ArrayLike<number>, shares: readonly number[]): number[] {
  const upper = new UpperHalves();
  upper.add(values);
  const lower = upper.ranksOf(shares);
  lower?.add(values);
  return lower?.percentiles() ?? shares.map(() => Number.NaN);
}

/** The same of values that come in parts, such as the slices of a volume, without holding them all. @param parts - is walked twice */
export async function percentilesOfParts(parts: () => AsyncIterable<ArrayLike<number>>, shares: readonly number[]): Promise<number[]> {
  const upper = new UpperHalves();
  for await (const values of parts()) upper.add(values);
  const lower = upper.ranksOf(shares);
  if (!lower) return shares.map(() => Number.NaN);
  for await (const values of parts()) lower.add(values);
  return lower.percentiles();
}

/** Calls back with each finite value's place in the order of all float32 numbers. */
function eachKey(values: ArrayLike<number>, use: (key: number) => void): void {
  const one = new Float32Array(1);
  const bits = new Uint32Array(one.buffer);
  for (let i = 0; i < values.length; i++) {
    one[0] = values[i]!;
    if (Number.isFinite(one[0])) use(keyOf(bits[0]!));
  }
}

/** Counts of values by the upper half of their keys. */
class UpperHalves {
  readonly #counts = new Float64Array(half);
  #count = 0;

  add(values: ArrayLike<number>): void {
    eachKey(values, (key) => {
      this.#counts[key >>> 16]! += 1;
      this.#count++;
    });
  }

  /** What is to be counted in a second walk; undefined where there was no finite value. */
  ranksOf(shares: readonly number[]): LowerHalves | undefined {
    if (this.#count === 0) return undefined;
    const positions = shares.map((share) => share * (this.#count - 1));
    const ranks = [...new Set(positions.flatMap((position) => [Math.floor(position), Math.ceil(position)]))];
    return new LowerHalves(positions, new Map(ranks.map((rank) => [rank, placeOf(rank, this.#counts)])));
  }
}

/** Counts of values by the lower half of their keys, for those upper halves in which a wanted rank lies. */
class LowerHalves {
  readonly #positions: readonly number[];
  readonly #places: ReadonlyMap<number, { readonly bin: number; readonly within: number }>;
  readonly #counts: ReadonlyMap<number, Float64Array>;

  constructor(positions: readonly number[], places: ReadonlyMap<number, { readonly bin: number; readonly within: number }>) {
    this.#positions = positions;
    this.#places = places;
    this.#counts = new Map([...places.values()].map(({ bin }) => [bin, new Float64Array(half)]));
  }

  add(values: ArrayLike<number>): void {
    eachKey(values, (key) => {
      const counts = this.#counts.get(key >>> 16);
      if (counts) counts[key & 0xffff]! += 1;
    });
  }

  percentiles(): number[] {
    return this.#positions.map((position) => {
      const [below, above] = [this.#valueAt(Math.floor(position)), this.#valueAt(Math.ceil(position))];
      return below + (above - below) * (position % 1);
    });
  }

  #valueAt(rank: number): number {
    const { bin, within } = this.#places.get(rank)!;
    const bits = Uint32Array.of(bitsOf(bin * half + placeOf(within, this.#counts.get(bin)!).bin));
    return new Float32Array(bits.buffer)[0]!;
  }
}

/** The bin that holds the value of a rank, and the rank inside it. */
function placeOf(rank: number, counts: Float64Array): { bin: number; within: number } {
  let within = rank;
  let bin = 0;
  while (within >= counts[bin]!) within -= counts[bin++]!;
  return { bin, within };
}
