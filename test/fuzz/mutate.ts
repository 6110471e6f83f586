/** Numbers in [0, 1) from a seed. */
export type Draw = () => number;

/** @see https://github.com/bryc/code/blob/master/jshash/PRNGs.md (mulberry32) */
export function drawsOf(seed: number): Draw {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lengths, counts and offsets that programs get wrong. */
const odd = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** @param byte - draws a byte to be written */
type Change = (bytes: Uint8Array, draw: Draw, byte: () => number, other: Uint8Array) => Uint8Array;

const below = (draw: Draw, limit: number): number => Math.floor(draw() * Math.max(limit, 1));

/** Most of what a file says about itself stands at its start. */
const place = (draw: Draw, { length }: Uint8Array): number => (draw() < 0.6 ? below(draw, Math.min(length, 600)) : below(draw, length));

const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** Changes that leave all else in its place. */
const inPlace: readonly Change[] = [
  function flipBit(bytes, draw) {
    const copy = bytes.slice();
    copy[place(draw, bytes)]! ^= 1 << below(draw, 8);
    return copy;
  },
  function setByte(bytes, draw, byte) {
    const copy = bytes.slice();
    copy[place(draw, bytes)] = byte();
    return copy;
  },
  function setNumber(bytes, draw) {
    const copy = bytes.slice();
    const [value, width, isLittle] = [odd[below(draw, odd.length)]!, [1, 2, 4][below(draw, 3)]!, draw() < 0.5];
    const at = place(draw, bytes);
    for (let i = 0; i < width; i++) copy[at + i] = value >>> (8 * (isLittle ? i : width - 1 - i));
    return copy;
  },
];

/** Changes that move what follows. */
const moving: readonly Change[] = [
  function cutOff(bytes, draw) {
    return bytes.slice(0, below(draw, bytes.length));
  },
  function leaveOut(bytes, draw) {
    const at = place(draw, bytes);
    return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + below(draw, 64)));
  },
  function repeat(bytes, draw) {
    const at = place(draw, bytes);
    const part = bytes.subarray(at, at + 1 + below(draw, 64));
    return joined(bytes.subarray(0, at), part, bytes.subarray(at));
  },
  function insert(bytes, draw, byte) {
    const at = place(draw, bytes);
    const noise = Uint8Array.from({ length: 1 + below(draw, 16) }, byte);
    return joined(bytes.subarray(0, at), noise, bytes.subarray(at));
  },
  function takeFromOther(bytes, draw, _, other) {
    const [at, from] = [place(draw, bytes), place(draw, other)];
    const part = other.subarray(from, from + 1 + below(draw, 128));
    return joined(bytes.subarray(0, at), part, bytes.subarray(at + part.length));
  },
];

/**
 * A file with one to four changes, of which most leave all else in its place.
 *
 * @param other - another file of the kind, of which parts may be taken
 * @param options.isText - whether only printable characters are put in
 */
export function mutated(bytes: Uint8Array, other: Uint8Array, draw: Draw, { isText = false } = {}): Uint8Array {
  const byte = () => (isText ? 32 + below(draw, 95) : below(draw, 256));
  let result = bytes;
  for (let count = draw() < 0.5 ? 1 : 1 + below(draw, 4); count > 0; count--) {
    const changes = draw() < (isText ? 0.4 : 0.75) ? inPlace.slice(isText ? 1 : 0, isText ? 2 : 3) : moving;
    result = changes[below(draw, changes.length)]!(result, draw, byte, other);
  }
  return result;
}
