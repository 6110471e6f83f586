const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** A float32 value rounded to half precision, half to even; above 65504 infinite. */
export function toHalf(value: number): number {
  word[0] = value;
  const exponent = Math.max(((bits[0]! >>> 23) & 255) - 127, -14); // below 2⁻¹⁴ values are multiples of 2⁻²⁴
  // Added to a number whose last bit is worth 2^(exponent - 10), the value loses what it has below.
  const large = 1.5 * 2 ** (exponent + 42);
  const rounded = word[0]! + large - large;
  return Math.abs(rounded) > 65504 ? Math.sign(rounded) * Number.POSITIVE_INFINITY : rounded;
}
