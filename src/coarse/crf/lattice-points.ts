/**
 * A set of lattice points, each known by a whole number below 2^53, its key, and numbered in the order in which they came.
 *
 * A hash table with open addressing, at most half full. Key and number of a point lie side by side, so that a hit touches one cache line.
 */
export class LatticePoints {
  /** How many points there are. */
  count = 0;
  /** [key] of slot i is `keys[2 i]`, its number plus 1 is `numbers[4 i + 2]`; 0: the slot is free. */
  private keys: Float64Array;
  private numbers: Int32Array;
  /** Number of slots less 1, all ones in binary. */
  private mask: number;

  /** @param expected - number of points up to which the table needs not grow */
  constructor(expected: number) {
    const slots = 2 ** Math.ceil(Math.log2(2 * expected + 2));
    this.keys = new Float64Array(2 * slots);
    this.numbers = new Int32Array(this.keys.buffer);
    this.mask = slots - 1;
  }

  /** The number of a point, which joins the set if it is new. */
  add(key: number): number {
    const { keys, numbers, mask } = this;
    let slot = hash(key) & mask;
    for (let found = numbers[4 * slot + 2]!; found !== 0; found = numbers[4 * slot + 2]!) {
      if (keys[2 * slot] === key) return found - 1;
      slot = (slot + 1) & mask;
    }
    keys[2 * slot] = key;
    numbers[4 * slot + 2] = ++this.count;
    if (2 * this.count > mask) this.grow();
    return this.count - 1;
  }

  /** The keys of all points, by number. */
  all(): Float64Array<ArrayBuffer> {
    const { keys, numbers } = this;
    const all = new Float64Array(this.count);
    for (let slot = 0; 2 * slot < keys.length; slot++) {
      const number = numbers[4 * slot + 2]!;
      if (number !== 0) all[number - 1] = keys[2 * slot]!;
    }
    return all;
  }

  private grow(): void {
    const all = this.all();
    this.keys = new Float64Array(2 * this.keys.length);
    this.numbers = new Int32Array(this.keys.buffer);
    this.mask = 2 * this.mask + 1;
    for (let i = 0; i < all.length; i++) {
      let slot = hash(all[i]!) & this.mask;
      while (this.numbers[4 * slot + 2] !== 0) slot = (slot + 1) & this.mask;
      this.keys[2 * slot] = all[i]!;
      this.numbers[4 * slot + 2] = i + 1;
    }
  }
}

function hash(key: number): number {
  const mixed = Math.imul(key | 0, 0x9e3779b1) ^ Math.imul((key * 2 ** -32) | 0, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
