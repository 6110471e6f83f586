/** A BMP file of Windows 3 to 5, or of OS/2 (a header of 12 bytes). */
export interface BmpParts {
  readonly width: number;
  /** Negative: the uppermost row comes first. */
  readonly height: number;
  readonly bits: number;
  /** 0 none, 1 and 2 runs of 8 and 4 bits, 3 masks. */
  readonly compression?: number;
  /** Colours as 0xRRGGBB. */
  readonly palette?: readonly number[];
  readonly masks?: readonly number[];
  readonly headerSize?: 12 | 40 | 52 | 56 | 64 | 108 | 124;
  /** As stored: rows padded to 4 bytes, or runs. */
  readonly pixels: ArrayLike<number>;
}

export function bmpOf({
  width,
  height,
  bits,
  compression = 0,
  palette = [],
  masks = [],
  headerSize = 40,
  pixels,
}: BmpParts): Uint8Array<ArrayBuffer> {
  const isOld = headerSize === 12;
  const colourBytes = isOld ? 3 : 4;
  const paletteAt = 14 + headerSize + (headerSize === 40 ? 4 * masks.length : 0);
  const pixelsAt = paletteAt + colourBytes * palette.length;
  const bytes = new Uint8Array(pixelsAt + pixels.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, pixelsAt, true);
  view.setUint32(14, headerSize, true);
  if (isOld) {
    view.setUint16(18, width, true);
    view.setUint16(20, height, true);
    view.setUint16(22, 1, true);
    view.setUint16(24, bits, true);
  } else {
    view.setInt32(18, width, true);
    view.setInt32(22, height, true);
    view.setUint16(26, 1, true);
    view.setUint16(28, bits, true);
    view.setUint32(30, compression, true);
    view.setUint32(34, pixels.length, true);
    view.setUint32(46, palette.length, true);
    for (const [i, mask] of masks.entries()) view.setUint32(54 + 4 * i, mask, true);
  }
  for (const [i, colour] of palette.entries()) bytes.set([colour & 255, (colour >> 8) & 255, colour >> 16], paletteAt + colourBytes * i);
  bytes.set(pixels, pixelsAt);
  return bytes;
}
