/** One bit a pixel, the lowest first: set where the level is not 0. */
export function packBits(levels: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(levels.length / 8));
  for (let i = 0; i < levels.length; i++) if (levels[i] !== 0) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}

/** The bits of one frame of several that share bytes, as 0 and 1. @param size - pixels of a frame */
export function unpackFrame(bits: Uint8Array, index: number, size: number): Uint8Array {
  const levels = new Uint8Array(size);
  for (let i = 0, at = index * size; i < size; i++, at++) levels[i] = (bits[at >> 3]! >> (at & 7)) & 1;
  return levels;
}
