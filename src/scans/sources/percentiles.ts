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
  const one = new Float32Array(1);
  const bits = new Uint32Array(one.buffer);
  const upper = new Float64Array(half);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    one[0] = values[i]!;
    if (!Number.isFinite(one[0])) continue;
    upper[keyOf(bits[0]!) >>> 16]! += 1;
    count++;
  }
  if (count === 0) return shares.map(() => Number.NaN);
  const positions = shares.map((share) => share * (count - 1));
  const ranks = [...new Set(positions.flatMap((position) => [Math.floor(position), Math.ceil(position)]))];
  const found = ranks.map((rank) => ({ rank, ...placeOf(rank, upper) }));

  const lower = new Map(found.map(({ bin }) => [bin, new Float64Array(half)]));
  for (let i = 0; i < values.length; i++) {
    one[0] = values[i]!;
    if (!Number.isFinite(one[0])) continue;
    const key = keyOf(bits[0]!);
    const counts = lower.get(key >>> 16);
    if (counts) counts[key & 0xffff]! += 1;
  }
  const valueAt = new Map<number, number>();
  for (const { rank, bin, within } of found) {
    bits[0] = bitsOf(bin * half + placeOf(within, lower.get(bin)!).bin);
    valueAt.set(rank, one[0]!);
  }
  return positions.map((position) => {
    const [below, above] = [valueAt.get(Math.floor(position))!, valueAt.get(Math.ceil(position))!];
    return below + (above - below) * (position % 1);
  });
}

/** The bin that holds the value of a rank, and the rank inside it. */
function placeOf(rank: number, counts: Float64Array): { bin: number; within: number } {
  let within = rank;
  let bin = 0;
  while (within >= counts[bin]!) within -= counts[bin++]!;
  return { bin, within };
}
