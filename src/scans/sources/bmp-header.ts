/** What the header of a BMP file says, and where its parts are. */
export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Whether the first stored row is the uppermost; usually it is the lowest. */
  readonly isTopDown: boolean;
  /** Of a pixel: 1, 2, 4 and 8 are indices of the palette. */
  readonly bits: number;
  readonly compression: BmpCompression;
  /** Where red, green, blue and alpha are in a pixel of 16 or 32 bits; 0 where the channel is missing. */
  readonly masks: readonly number[];
  /** Colours as 0xRRGGBB. */
  readonly palette: readonly number[];
  /** Where the palette stands, and bytes of one of its colours: blue, green, red, and one without meaning. */
  readonly paletteAt: number;
  readonly colourBytes: 3 | 4;
  readonly pixelsAt: number;
}

/** How pixels are stored: as they are, in runs of 8-bit or 4-bit indices, or in 16 or 32 bits with masks of their own. */
export type BmpCompression = "none" | "rle8" | "rle4" | "fields";

/** Sizes of the header behind the first 14 bytes: OS/2 1, Windows 3, two forms by Adobe, OS/2 2, Windows 4, Windows 5. */
export const bmpHeaderSizes = [12, 40, 52, 56, 64, 108, 124] as const;
const [os21, windows3, withMasks, withAlpha, os22] = bmpHeaderSizes;

/** Numbers of compressions, with the bits of a pixel that they allow. 6 is 3 with a mask of alpha. */
const compressions: Record<number, { name: BmpCompression; bits: readonly number[] }> = {
  0: { name: "none", bits: [1, 2, 4, 8, 16, 24, 32] },
  1: { name: "rle8", bits: [8] },
  2: { name: "rle4", bits: [4] },
  3: { name: "fields", bits: [16, 32] },
  6: { name: "fields", bits: [16, 32] },
};

/**
 * The header of a BMP file.
 *
 * @throws RangeError with what is wrong with it
 * @see https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
 */
export function bmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = (at: number) => view.getUint32(at, true);
  const pixelsAt = long(10);
  const size = long(14);
  if (!bmpHeaderSizes.some((known) => known === size)) throw new RangeError(`a header of ${size} bytes`);
  const isOld = size === os21;
  const [width, storedHeight] = isOld
    ? [view.getUint16(18, true), view.getUint16(20, true)]
    : [view.getInt32(18, true), view.getInt32(22, true)];
  const height = Math.abs(storedHeight);
  if (width < 1 || height < 1) throw new RangeError(`a size of ${width} x ${storedHeight} pixels`);
  const bits = view.getUint16(isOld ? 24 : 28, true);
  const number = isOld ? 0 : long(30);
  const compression = size === os22 && number > 2 ? undefined : compressions[number];
  if (!compression?.bits.includes(bits)) throw new RangeError(`${bits} bits a pixel with compression ${number}`);
  const isTopDown = storedHeight < 0;
  if (isTopDown && compression.name.startsWith("rle")) throw new RangeError("runs of pixels from the top down");

  // In the oldest form the masks follow the header; there are four of them with compression 6.
  const masksBehind = size === windows3 && compression.name === "fields" ? (number === 6 ? 4 : 3) : 0;
  const maskCount = size === windows3 ? masksBehind : size >= withAlpha && size !== os22 ? 4 : size === withMasks ? 3 : 0;
  const stored = [0, 1, 2, 3].map((i) => (i < maskCount ? long(54 + 4 * i) : 0));
  const masks = compression.name === "fields" ? stored : bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0];

  const paletteAt = 14 + size + 4 * masksBehind;
  const colourBytes = isOld ? 3 : 4;
  const asked = bits > 8 ? 0 : (!isOld && long(46)) || 2 ** bits;
  const room = Math.floor((pixelsAt - paletteAt) / colourBytes);
  if (room < 0 || pixelsAt > bytes.length) throw new RangeError(`pixels from byte ${pixelsAt} on in a file of ${bytes.length}`);
  const palette = Array.from({ length: Math.min(asked, room, 2 ** bits) }, (_, i) => {
    const at = paletteAt + colourBytes * i;
    return view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16);
  });
  return { width, height, isTopDown, bits, compression: compression.name, masks, palette, paletteAt, colourBytes, pixelsAt };
}

/** The level of gray of an index, if the levels of as many bits are spread over 0 to 255. */
export const levelOfIndex = (index: number, bits: number): number => (index * 255) / (2 ** bits - 1);

/** Whether the colours of a palette are the levels of gray in their order, so that the indices are a gray picture. */
export function isGrayScale({ palette, bits }: Pick<BmpHeader, "palette" | "bits">): boolean {
  return palette.length > 0 && palette.every((colour, i) => colour === levelOfIndex(i, bits) * 0x010101);
}
