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

type Change = (bytes: Uint8Array, draw: Draw, other: Uint8Array) => Uint8Array;

const below = (draw: Draw, limit: number): number => Math.floor(draw() * Math.max(limit, 1));

/** Most of what a file says about itself stands at its start. */
const place = (draw: Draw, { length }: Uint8Array): number => (draw() < 0.6 ? below(draw, Math.min(length, 600)) : below(draw, length));

const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

const changes: readonly Change[] = [
  function flipBit(bytes, draw) {
    const copy = bytes.slice();
    copy[place(draw, bytes)]! ^= 1 << below(draw, 8);
    return copy;
  },
  function setByte(bytes, draw) {
    const copy = bytes.slice();
    copy[place(draw, bytes)] = below(draw, 256);
    return copy;
  },
  function setNumber(bytes, draw) {
    const copy = bytes.slice();
    const [value, width, isLittle] = [odd[below(draw, odd.length)]!, [1, 2, 4][below(draw, 3)]!, draw() < 0.5];
    const at = place(draw, bytes);
    for (let i = 0; i < width; i++) copy[at + i] = value >>> (8 * (isLittle ? i : width - 1 - i));
    return copy;
  },
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
  function insert(bytes, draw) {
    const at = place(draw, bytes);
    const noise = Uint8Array.from({ length: 1 + below(draw, 16) }, () => below(draw, 256));
    return joined(bytes.subarray(0, at), noise, bytes.subarray(at));
  },
  function takeFromOther(bytes, draw, other) {
    const [at, from] = [place(draw, bytes), place(draw, other)];
    const part = other.subarray(from, from + 1 + below(draw, 128));
    return joined(bytes.subarray(0, at), part, bytes.subarray(at + part.length));
  },
];

/** A file with one to six changes. @param other - another file of the kind, of which parts may be taken */
export function mutated(bytes: Uint8Array, other: Uint8Array, draw: Draw): Uint8Array {
  let result = bytes;
  for (let count = 1 + below(draw, 6); count > 0; count--) result = changes[below(draw, changes.length)]!(result, draw, other);
  return result;
}
