/** One bit a pixel, the lowest first: set where the level is not 0. */
export function packBits(levels: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(levels.length / 8));
  for (let i = 0; i < levels.length; i++) if (levels[i] !== 0) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}
