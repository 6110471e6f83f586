import { crc32, deflateSync } from "node:zlib";

/** A PNG with exactly this header, unlike an encoder's: any palette order, any depth. */
export interface PngParts {
  /** 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGBA. */
  readonly type: 0 | 2 | 3 | 4 | 6;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  readonly width: number;
  /** Samples row by row. */
  readonly samples: readonly number[];
  readonly palette?: readonly number[];
  readonly transparency?: readonly number[];
}

export function pngOf({ type, depth, width, samples, palette, transparency }: PngParts): Uint8Array {
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[type];
  const height = samples.length / channels / width;
  const rows = Array.from({ length: height }, (_, y) => [
    0,
    ...packed(samples.slice(y * width * channels, (y + 1) * width * channels), depth),
  ]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...(palette ? [chunk("PLTE", Uint8Array.from(palette))] : []),
    ...(transparency ? [chunk("tRNS", Uint8Array.from(transparency))] : []),
    chunk("IDAT", deflateSync(Uint8Array.from(rows.flat()))),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** Samples of some bits as bytes, the first in the highest bits. */
function packed(samples: readonly number[], depth: number): number[] {
  if (depth === 16) return samples.flatMap((value) => [value >> 8, value & 255]);
  const perByte = 8 / depth;
  return Array.from({ length: Math.ceil(samples.length / perByte) }, (_, i) =>
    samples.slice(i * perByte, (i + 1) * perByte).reduce((byte, value, k) => byte | (value << (8 - depth * (k + 1))), 0),
  );
}

function chunk(name: string, content: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(name, 4, "latin1");
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + content.length)), 8 + content.length);
  return bytes;
}

/** A TIFF of one strip, little-endian, not compressed. */
export interface TiffParts {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  /** 1 without sign, 2 with sign, 3 floats. */
  readonly format?: 1 | 2 | 3;
  /** 0 white is 0, 1 black is 0, 3 palette. */
  readonly photometric?: 0 | 1 | 3;
  readonly content: Uint8Array;
  /** [3 · 2^bits] of 16 bits: all reds, all greens, all blues. */
  readonly colourMap?: readonly number[];
  readonly isBig?: boolean;
  /** What kind of page it is: 1 another one in fewer pixels. */
  readonly subfile?: number;
}

export function tiffOf({
  width,
  height,
  bits,
  format = 1,
  photometric = 1,
  content,
  colourMap,
  isBig = false,
  subfile = 0,
}: TiffParts): Uint8Array {
  const [short, long] = [3, 4];
  const entries: [tag: number, type: number, values: readonly number[]][] = [
    [254, long, [subfile]],
    [256, short, [width]],
    [257, short, [height]],
    [258, short, [bits]],
    [259, short, [1]],
    [262, short, [photometric]],
    [273, long, [0]], // the strip, set below
    [277, short, [1]],
    [278, short, [height]],
    [279, long, [content.length]],
    ...(colourMap ? [[320, short, colourMap] as [number, number, readonly number[]]] : []),
    [339, short, [format]],
  ];
  const [head, countSize, wide] = isBig ? [16, 8, 8] : [8, 2, 4];
  const entrySize = 4 + 2 * wide;
  const afterEntries = head + countSize + entries.length * entrySize + wide;
  const mapBytes = 2 * (colourMap?.length ?? 0);
  const strip = afterEntries + mapBytes;
  const bytes = Buffer.alloc(strip + content.length);
  const count = (value: number, at: number) => (isBig ? bytes.writeBigUInt64LE(BigInt(value), at) : bytes.writeUInt32LE(value, at));
  bytes.write("II", 0, "latin1");
  bytes.writeUInt16LE(isBig ? 43 : 42, 2);
  if (isBig) bytes.writeUInt16LE(8, 4);
  count(head, isBig ? 8 : 4);
  if (isBig) count(entries.length, head);
  else bytes.writeUInt16LE(entries.length, head);
  for (const [i, [tag, type, values]] of entries.entries()) {
    const at = head + countSize + i * entrySize;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    count(values.length, at + 4);
    const place = at + 4 + wide;
    if (tag === 273) bytes.writeUInt32LE(strip, place);
    else if (type === long) bytes.writeUInt32LE(values[0]!, place);
    else if (2 * values.length <= wide) for (const [k, value] of values.entries()) bytes.writeUInt16LE(value, place + 2 * k);
    else {
      count(afterEntries, place);
      for (const [k, value] of values.entries()) bytes.writeUInt16LE(value, afterEntries + 2 * k);
    }
  }
  bytes.set(content, strip);
  return bytes;
}

/** A TIFF of several pages. @param options.isLoop - whether the first page follows the last one */
export function tiffPagesOf(pages: readonly TiffParts[], { isLoop = false } = {}): Uint8Array {
  const head = 8;
  const files = pages.map((page) => Buffer.concat([tiffOf(page), Buffer.alloc(page.content.length % 2)]));
  const bases = files.map((_, i) => files.slice(0, i).reduce((sum, { length }) => sum + length, 0));
  for (const [i, file] of files.entries()) {
    const count = file.readUInt16LE(head);
    for (let at = head + 2; at < head + 2 + 12 * count; at += 12) {
      if (file.readUInt16LE(at) === 273) file.writeUInt32LE(file.readUInt32LE(at + 8) + bases[i]!, at + 8);
    }
    const next = bases[i + 1] ?? (isLoop ? 0 : undefined);
    file.writeUInt32LE(next === undefined ? 0 : next + head, head + 2 + 12 * count);
  }
  return Buffer.concat(files);
}
