import { crc32 } from "node:zlib";
import { bmpHeader, isGrayScale, levelOfIndex } from "./sources/bmp-header.ts";
import { tiffHeader, tiffPages, unlessCutOff, valuesAt } from "./sources/header-tags.ts";

/** A palette image, converted to a gray image of its indices. */
export interface Indexed {
  /** The same file, whose header now says gray: it decodes to the indices, where those of less than 8 bits are spread over 0 to 255. */
  readonly asGray: Uint8Array;
  /** Colours of the palette as 0xRRGGBB. */
  readonly colours: readonly number[];
  /** Indices that are fully transparent. */
  readonly transparent: ReadonlySet<number>;
}

/**
 * The indices of a PNG, TIFF or BMP file with a palette, which the decoder would expand to colours. Samples of a palette and of gray are stored
 * alike in these formats, so that the type of colour in the header, or the palette, is all that has to change.
 *
 * @returns undefined when the file has no palette, is cut off before it ends, or has a damaged header
 */
export function indexed(bytes: Uint8Array): Indexed | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return unlessCutOff(() => {
    if (bytes[0] === 0x89) return indexedPng(bytes, view);
    if (bytes[0] === 0x42) return indexedBmp(bytes);
    return bytes[0] === 0x49 || bytes[0] === 0x4d ? indexedTiff(bytes, view) : undefined;
  });
}

/** Where the type of colour stands in a PNG file: behind the signature (8), length and name (8), width and height (8) and depth (1). */
const colourTypeAt = 25;
const pngPalette = 3;

/** @see https://www.w3.org/TR/png-3, sections 5 and 11 */
function indexedPng(bytes: Uint8Array, view: DataView): Indexed | undefined {
  if (bytes[colourTypeAt] !== pngPalette) return undefined;
  const header = bytes.slice(0, 33);
  header[colourTypeAt] = 0;
  new DataView(header.buffer).setUint32(29, crc32(header.subarray(12, 29)));
  const parts: Uint8Array[] = [header];
  let colours: number[] = [];
  let opacities: readonly number[] = [];
  for (let at = 33; at < bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, end - 4);
    if (name === "PLTE") colours = Array.from({ length: content.length / 3 }, (_, i) => view.getUint32(at + 7 + 3 * i) & 0xffffff);
    else if (name === "tRNS") opacities = [...content];
    else if (name === "IDAT" || name === "IEND") parts.push(bytes.subarray(at, end));
    at = end;
  }
  const transparent = new Set(opacities.flatMap((opacity, i) => (opacity === 0 ? [i] : [])));
  return { asGray: Buffer.concat(parts), colours, transparent };
}

const [photometricTag, colourMapTag] = [262, 320];
const [tiffBlackIsZero, tiffPalette] = [1, 3];

/** @see TIFF 6.0, section 5 */
function indexedTiff(bytes: Uint8Array, view: DataView): Indexed | undefined {
  const header = tiffHeader(bytes, view);
  const { little } = header;
  const [photometric, values] = [valuesAt(header, photometricTag, 2), valuesAt(header, colourMapTag, 2)];
  if (photometric === undefined || values === undefined || view.getUint16(photometric, little) !== tiffPalette) return undefined;
  const asGray = bytes.slice();
  new DataView(asGray.buffer).setUint16(photometric, tiffBlackIsZero, little);
  // All reds, then all greens, then all blues, of 16 bits each.
  const count = header.offset(header.places.get(colourMapTag)! + 4) / 3;
  const level = (channel: number, i: number) => view.getUint16(values + 2 * (channel * count + i), little) >> 8;
  const colours = Array.from({ length: count }, (_, i) => (level(0, i) << 16) | (level(1, i) << 8) | level(2, i));
  return { asGray, colours, transparent: new Set() };
}

/** A palette of all levels of gray is none: such a picture is gray. */
function indexedBmp(bytes: Uint8Array): Indexed | undefined {
  const header = bmpHeader(bytes);
  if (header.palette.length === 0 || isGrayScale(header)) return undefined;
  const { palette, paletteAt, colourBytes, bits } = header;
  const asGray = bytes.slice();
  for (const i of palette.keys()) asGray.fill(levelOfIndex(i, bits), paletteAt + colourBytes * i, paletteAt + colourBytes * i + 3);
  return { asGray, colours: palette, transparent: new Set() };
}

/** Whether a file is a TIFF whose gray levels are stored with white as 0, which the decoder turns round. */
export function isWhiteZero(bytes: Uint8Array): boolean {
  return tiffPages(bytes)[0]?.isWhiteZero === true;
}
