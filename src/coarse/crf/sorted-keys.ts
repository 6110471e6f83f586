/** Keys in ascending order, and where each was before. */
export interface SortedKeys {
  readonly keys: Float64Array<ArrayBuffer>;
  readonly order: Int32Array<ArrayBuffer>;
}

/**
 * Sorts whole numbers from 0 to below 2^53 in linear time (radix sort, the lowest digit first); equal ones keep their order.
 *
 * @param keys - used as working space, too: its content is lost
 * @param limit - all keys are below
 */
export function sortedKeys(keys: Float64Array<ArrayBuffer>, limit: number): SortedKeys {
  const bits = Math.max(1, Math.ceil(Math.log2(limit)));
  const passes = Math.ceil(bits / mostBits);
  const radix = 2 ** Math.ceil(bits / passes);
  const count = keys.length;
  let [from, to] = [keys, new Float64Array(count)];
  let [order, next] = [new Int32Array(count), new Int32Array(count)];
  for (let i = 0; i < count; i++) order[i] = i;
  for (let pass = 0; pass < passes; pass++) {
    const scale = radix ** -pass; // exact, as the radix is a power of 2
    const ends = new Int32Array(radix);
    for (let i = 0; i < count; i++) ends[(from[i]! * scale) & (radix - 1)]! += 1;
    for (let digit = 1; digit < radix; digit++) ends[digit]! += ends[digit - 1]!;
    for (let i = count - 1; i >= 0; i--) {
      const key = from[i]!;
      const digit = (key * scale) & (radix - 1);
      const place = ends[digit]! - 1;
      ends[digit] = place;
      to[place] = key;
      next[place] = order[i]!;
    }
    [from, to] = [to, from];
    [order, next] = [next, order];
  }
  return { keys: from, order };
}

/** Bits of a digit: with more, the places written to at the same time leave the cache. */
const mostBits = 12;
