/**
 * The order that sorts whole numbers from 0 to below 2^53: numbers[order[0]] is the smallest.
 *
 * Radix sort, linear in the count: 11 bits a pass, the lowest first.
 *
 * @param limit - all numbers are below this
 */
export function sortedOrder(numbers: Float64Array, limit: number): Int32Array<ArrayBuffer> {
  let order = new Int32Array(numbers.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  let other = new Int32Array(numbers.length);
  for (let place = 1; place < limit; place *= radix) {
    const starts = new Int32Array(radix + 1);
    const scale = 1 / place; // exact, a power of 2
    for (let i = 0; i < numbers.length; i++) starts[((numbers[i]! * scale) & (radix - 1)) + 1]! += 1;
    for (let digit = 0; digit < radix; digit++) starts[digit + 1]! += starts[digit]!;
    for (let i = 0; i < order.length; i++) {
      const index = order[i]!;
      const digit = (numbers[index]! * scale) & (radix - 1);
      other[starts[digit]!] = index;
      starts[digit]! += 1;
    }
    [order, other] = [other, order];
  }
  return order;
}

const radix = 2 ** 11;
