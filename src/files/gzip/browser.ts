import { Gunzip, gzipSync } from "fflate";
import type * as Node from "./node.ts";

// The counterpart of `node.ts`. Browsers' own DecompressionStream refuses files of several members; fflate does not look at the sums, which are
// compared here.

export const firstGunzipped: typeof Node.firstGunzipped = (part) => {
  const pieces: Uint8Array[] = [];
  new Gunzip((piece) => pieces.push(piece)).push(part);
  return joined(pieces);
};

/** Compressed bytes that are inflated at a time. */
const portion = 2 ** 14;

export const gunzipped: typeof Node.gunzipped = async function* (bytes) {
  let pieces: Uint8Array[] = [];
  let sum = new MemberSum();
  const stream = new Gunzip((piece) => {
    sum.add(piece);
    pieces.push(piece);
  });
  stream.onmember = (start) => {
    sum.check(bytes, start);
    sum = new MemberSum();
  };
  for (let at = 0; at < bytes.length || at === 0; at += portion) {
    stream.push(bytes.subarray(at, at + portion), at + portion >= bytes.length);
    yield* pieces;
    pieces = [];
  }
  sum.check(bytes, bytes.length);
};

/** Where a gzip header names the operating system, and its value for "unknown", as in Node. */
const [systemAt, unknownSystem] = [9, 255];

export const gzipped: typeof Node.gzipped = async (bytes) => {
  const compressed = gzipSync(bytes, { level: 6, mtime: 0 });
  compressed[systemAt] = unknownSystem;
  return compressed;
};

/** Sum and length of what a member holds. */
class MemberSum {
  private crc = 0xffffffff;
  private length = 0;

  add(piece: Uint8Array): void {
    this.length = (this.length + piece.length) >>> 0;
    let { crc } = this;
    for (let i = 0; i < piece.length; i++) crc = (crc >>> 8) ^ sums[(crc ^ piece[i]!) & 0xff]!;
    this.crc = crc;
  }

  /** @param end - of the member in the file; sum and length stand before it @throws Error when they are others */
  check(file: Uint8Array, end: number): void {
    if (end < 8) throw new Error("unexpected end of file");
    const view = new DataView(file.buffer, file.byteOffset + end - 8, 8);
    if (view.getUint32(0, true) !== (this.crc ^ 0xffffffff) >>> 0 || view.getUint32(4, true) !== this.length)
      throw new Error("incorrect data check");
  }
}

/** Of each byte. @see RFC 1952, section 8 */
const sums = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  return sum;
});

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
