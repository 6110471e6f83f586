import sharp, { type Metadata } from "sharp";
import { InputError } from "../../errors.ts";
import { type Orientation, orientationOf } from "../../image/orientation.ts";
import { readContent } from "../read-content.ts";
import { decodeBmp } from "./bmp.ts";
import { bmpHeader } from "./bmp-header.ts";
import { beginsLike } from "./first-bytes.ts";
import { unreadable } from "./foreign.ts";
import { asPlainValues, pngFrames, type TiffPage, tiffPages } from "./header-tags.ts";
import type { NamedBytes, StoredPixels } from "./image-source.ts";
import { checkPixelCount } from "./pixel-limit.ts";
import { type RasterFormatName, rasterFormats } from "./raster-formats.ts";
import { severalImages } from "./several.ts";

/** The stored samples of a picture, and warnings of its decoder. Where an 8-bit gray file has alpha and it is kept the space is "rgb", since gray would come without it. */
export interface AnyPixels extends StoredPixels {
  readonly format: RasterFormatName;
  /** How the file says that they are to be turned; they are not. */
  readonly orientation: Orientation;
  /** Of a TIFF whose values are no levels of gray (floats, or of more than 16 bits, or with a sign): whether its header says that 0 is white. */
  readonly isWhiteZero: boolean;
  readonly warnings: readonly string[];
}

/** As `AnyPixels`, of 8 or 16 bits without sign. */
export interface RasterPixels extends AnyPixels {
  readonly data: Uint8Array | Uint16Array;
}

/** The pictures of a file. */
export interface PictureFile {
  /** Pages of a TIFF; 1 for all other formats. */
  readonly pages: number;
  /** Decodes one. @param page - from 0 @throws InputError when it is damaged, too large, or has samples of a type that is not read */
  read(page: number, options?: ReadOptions): Promise<AnyPixels>;
}

interface ReadOptions {
  /** Whether the alpha of 8-bit gray is kept. Default false. */
  readonly keepsAlpha?: boolean;
}

/** What sharp calls the colour space of a file, ours for it, and the one to decode to so that no value changes. */
const spaces: Record<string, { space: StoredPixels["space"]; colours: number; decodeAs: string }> = {
  "b-w": { space: "gray", colours: 1, decodeAs: "b-w" },
  grey16: { space: "gray", colours: 1, decodeAs: "grey16" },
  srgb: { space: "rgb", colours: 3, decodeAs: "srgb" },
  rgb16: { space: "rgb", colours: 3, decodeAs: "rgb16" },
  cmyk: { space: "cmyk", colours: 4, decodeAs: "cmyk" },
};

/** The types of samples, by sharp's names for them. */
const sampleTypes = {
  uchar: Uint8Array,
  char: Int8Array,
  ushort: Uint16Array,
  short: Int16Array,
  uint: Uint32Array,
  int: Int32Array,
  float: Float32Array,
} as const;
const isSampleType = (depth: string): depth is keyof typeof sampleTypes => depth in sampleTypes;

/**
 * The stored samples of a picture: not turned by EXIF, not converted by colour profiles.
 *
 * @throws InputError when it is missing, empty, cut short, damaged, too large, has several pages, samples of more than 16 bits or with a sign, or is something else
 */
export async function readPixels(input: string | NamedBytes): Promise<RasterPixels> {
  const content = typeof input === "string" ? await readContent(input) : input;
  const { data, ...pixels } = await readOpaquePixels(content);
  if (data instanceof Uint8Array || data instanceof Uint16Array) return { ...pixels, data };
  const type =
    data instanceof Float32Array ? "type float" : `${8 * data.BYTES_PER_ELEMENT} bits${data instanceof Uint32Array ? "" : " with a sign"}`;
  throw unreadSamples(content.name, type, "8 or 16 bits without sign");
}

/**
 * The same for samples of any type that TIFF files hold but 64 bits, and with the alpha of every file.
 *
 * @throws InputError as `readPixels`, but for types of samples
 */
export function readAnyPixels(content: NamedBytes): Promise<AnyPixels> {
  return onlyPage(content, { keepsAlpha: true });
}

/**
 * The same for samples of any type, without alpha.
 *
 * @throws InputError as `readPixels`, but for types of samples
 */
export function readOpaquePixels(content: NamedBytes): Promise<AnyPixels> {
  return onlyPage(content, {});
}

async function onlyPage(content: NamedBytes, options: ReadOptions): Promise<AnyPixels> {
  const { pages, read } = await openPictures(content);
  if (pages > 1) throw severalImages(content.name, pages, "tiff");
  const pixels = await read(0, options);
  const { orientation, warnings } = pixels;
  return orientation === 1 ? pixels : { ...pixels, warnings: [notTurned(orientation), ...warnings] };
}

/** What to say where the pixels of a file are taken as they are stored. */
export const notTurned = (orientation: Orientation): string =>
  `EXIF orientation ${orientation} is not applied: results have the geometry of the stored pixels`;

/**
 * The pictures of a file, each of which is decoded when it is asked for. The pages of a TIFF are several, but for those that show another page in
 * fewer pixels; of an animation the first frame alone is one, with a warning.
 *
 * @throws InputError when the file is empty, damaged, or something else
 */
export async function openPictures({ name, bytes }: NamedBytes): Promise<PictureFile> {
  if (bytes.length === 0) throw new InputError(`"${name}" is empty (0 bytes)`);
  const format = formatOf({ name, bytes });
  if (format === "bmp") return { pages: 1, read: async () => bmpPixels({ name, bytes }) };
  const described = tiffPages(bytes);
  const content = { name, format, bytes: asPlainValues(bytes, described) };
  const { pages: stored = 1 } = await headerOf(content, 0, described[0]);
  const all = Array.from({ length: format === "tiff" ? stored : 1 }, (_, page) => page);
  const own = all.filter((page) => !described[page]?.isOfOther);
  const pages = own.length > 0 ? own : all;
  const left = all.length - pages.length;
  const warnings = left > 0 ? [passedOver(left)] : [];
  if (format !== "tiff" && stored > 1) warnings.push(`is an animation of ${stored} frames, of which only the first is read`);
  const frames = pngFrames(bytes);
  if (frames > 1) warnings.push(`is an animation of ${frames} frames, of which only the still image is read`);
  return {
    pages: pages.length,
    async read(index, options) {
      const page = pages[index]!;
      const pixels = await decode({ ...content, page, described: described[page], ...options });
      return { ...pixels, warnings: [...warnings, ...pixels.warnings] };
    },
  };
}

const passedOver = (pages: number): string =>
  pages === 1
    ? "has 1 page that shows another in fewer pixels, which is passed over"
    : `has ${pages} pages that show others in fewer pixels, which are passed over`;

/** A picture for sharp: a file whose format is known, and one of its pages. */
interface Page extends NamedBytes, ReadOptions {
  readonly format: RasterFormatName;
  readonly page: number;
  /** What the header of a TIFF says about it. */
  readonly described: TiffPage | undefined;
}

const open = ({ bytes }: NamedBytes, page: number, failOn: "error" | "warning") =>
  sharp(bytes, { failOn, ignoreIcc: true, limitInputPixels: false, page });

async function headerOf(
  content: Pick<Page, "name" | "bytes" | "format">,
  page: number,
  described: TiffPage | undefined,
): Promise<Metadata> {
  return await open(content, page, "error")
    .metadata()
    .catch((cause) => {
      throw described?.bits === 64 ? unreadSamples(content.name, "64 bits") : damaged(content, cause);
    });
}

async function decode({ keepsAlpha, described, ...content }: Page): Promise<AnyPixels> {
  const { name: file, page, format } = content;
  const header = await headerOf(content, page, described);
  const { width, height, depth } = header;
  checkPixelCount(header, file);
  const stored = spaces[header.space];
  const hasChannel = stored !== undefined && header.channels === stored.colours + 1;
  if (stored === undefined || (header.channels !== stored.colours && !hasChannel)) {
    throw new InputError(
      `"${file}" has ${header.channels} channels (${header.space}); expected gray, RGB or CMYK. Convert it to an RGB PNG first.`,
    );
  }
  // sharp drops the alpha of 8-bit gray, but not of colour.
  const known = keepsAlpha && hasChannel && header.space === "b-w" ? spaces.srgb! : stored;
  const channels = known.colours + (hasChannel ? 1 : 0);
  if (!isSampleType(depth)) throw unreadSamples(file, `type ${depth}`);
  if (described?.samples === "float" && described.bits !== 32) throw unreadSamples(file, `floats of ${described.bits} bits`);

  const warnings: string[] = [];
  if (hasChannel && described?.hasAlpha === false) {
    if (stored.space === "gray")
      throw new InputError(
        `"${file}" has 2 channels, of which none is marked as transparency; expected gray, RGB or CMYK. Save the channel that is meant as a gray PNG first.`,
      );
    warnings.push(`its last channel, which is not marked as transparency, was taken for it`);
  }

  const raw = (failOn: "error" | "warning") => {
    const image = open(content, page, failOn).toColourspace(known.decodeAs);
    return (known.space === "cmyk" ? image.pipelineColourspace("cmyk") : image).raw({ depth }).toBuffer({ resolveWithObject: true });
  };
  const { data, info } = await raw("warning")
    .catch(async (warning) => {
      const decoded = await raw("error");
      warnings.push(`the decoder warned: ${reasonOf(warning)}`);
      return decoded;
    })
    .catch((cause) => {
      throw damaged(content, cause);
    });
  const sizeAgrees = info.width === width && info.height === height;
  if (!sizeAgrees || (info.channels !== channels && info.channels !== known.colours)) {
    throw new InputError(
      `"${file}" decodes to [${info.height}, ${info.width}, ${info.channels}], its header says [${height}, ${width}, ${channels}]`,
    );
  }
  // Signed values of 16 bits come as they are, but under the name of unsigned ones.
  const isSigned16 = depth === "ushort" && described?.samples === "signed";
  const type = isSigned16 ? Int16Array : sampleTypes[depth];
  const isValue = type !== Uint8Array && type !== Uint16Array;
  // The decoder of GIF always adds alpha.
  const hasAlpha = hasChannel && !(format === "gif" && isOpaque(data));
  return {
    format,
    width,
    height,
    space: known.space,
    channels: hasAlpha ? channels : known.colours,
    hasAlpha,
    stride: info.channels,
    bitDepth: (depth === "uchar" && format !== "gif" && header.bitsPerSample) || 8 * type.BYTES_PER_ELEMENT,
    data: new type(data.buffer, data.byteOffset, data.byteLength / type.BYTES_PER_ELEMENT),
    orientation: orientationOf(header.orientation),
    isWhiteZero: isValue && described?.isWhiteZero === true,
    warnings,
  };
}

/** Whether no pixel of [H, W, 4] is transparent. */
function isOpaque(rgba: Uint8Array): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}

function bmpPixels({ name, bytes }: NamedBytes): AnyPixels {
  const pixels = within({ name, format: "bmp" }, () => {
    const header = bmpHeader(bytes);
    checkPixelCount(header, name);
    return decodeBmp(bytes, header);
  });
  return { ...pixels, format: "bmp", orientation: 1, isWhiteZero: false };
}

function within<T>(content: Pick<Page, "name" | "format">, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof InputError ? cause : damaged(content, cause);
  }
}

function damaged({ name, format }: Pick<Page, "name" | "format">, cause: unknown): InputError {
  return new InputError(`"${name}" is a damaged or truncated ${format.toUpperCase()} file (${reasonOf(cause)})`, { cause });
}

function unreadSamples(file: string, type: string, expected = "whole numbers of 8 to 32 bits, or floats of 32 bits"): InputError {
  return new InputError(`"${file}" has samples of ${type}; expected ${expected}. Convert it to an 8-bit PNG first.`);
}

/** The format by the first bytes; extensions are often wrong. */
function formatOf(content: NamedBytes): RasterFormatName {
  for (const [format, { firstBytes }] of Object.entries(rasterFormats)) {
    if (firstBytes.some((signature) => beginsLike(content.bytes, signature))) return format as RasterFormatName;
  }
  throw unreadable(content);
}

/** First line of a library's message. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split("\n")[0]!.replace(/: *$/, "");
}
