import sharp from "sharp";
import { InputError } from "../../errors.ts";
import { readContent } from "../read-content.ts";
import { beginsLike } from "./first-bytes.ts";
import { unreadable } from "./foreign.ts";
import { pngFrames, tiffSamples } from "./header-tags.ts";
import type { NamedBytes, SampleArray, StoredPixels } from "./image-source.ts";
import { type RasterFormatName, rasterFormats } from "./raster-formats.ts";

/** The stored samples of an image file, and warnings of its decoder. */
export interface RasterPixels extends StoredPixels {
  readonly format: RasterFormatName;
  /** Of 8 or 16 bits without sign. */
  readonly data: Uint8Array | Uint16Array;
  readonly warnings: readonly string[];
}

/** As `RasterPixels`, of any type of sample. Where an 8-bit gray file has alpha the space is "rgb", since gray would come without it. */
export type AnyPixels = Omit<RasterPixels, "data"> & { readonly data: SampleArray };

/** Largest image that is decoded; a forged header must not exhaust memory. */
const maxPixels = 100_000_000;

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
type SampleType = keyof typeof sampleTypes;

/**
 * The stored samples of a png, jpeg, tiff or webp file: not turned by EXIF, not converted by colour profiles, first page only.
 *
 * @throws InputError when it is missing, empty, cut short, damaged, too large, has samples of more than 16 bits or with a sign, or is something else
 */
export async function readPixels(input: string | NamedBytes): Promise<RasterPixels> {
  const { data, ...pixels } = await decode(typeof input === "string" ? await readContent(input) : input, {
    types: ["uchar", "ushort"],
    keepsAlpha: false,
  });
  return { ...pixels, data: data as RasterPixels["data"] };
}

/**
 * The same for samples of any type that TIFF files hold but 64 bits, and with the alpha of every file.
 *
 * @throws InputError as `readPixels`, but for types of samples
 */
export function readAnyPixels(content: NamedBytes): Promise<AnyPixels> {
  return decode(content, { types: Object.keys(sampleTypes) as SampleType[], keepsAlpha: true });
}

/**
 * The same for samples of any type, without alpha.
 *
 * @throws InputError as `readPixels`, but for types of samples
 */
export function readOpaquePixels(content: NamedBytes): Promise<AnyPixels> {
  return decode(content, { types: Object.keys(sampleTypes) as SampleType[], keepsAlpha: false });
}

async function decode(
  { name: file, bytes }: NamedBytes,
  { types, keepsAlpha }: { readonly types: readonly SampleType[]; readonly keepsAlpha: boolean },
): Promise<AnyPixels> {
  if (bytes.length === 0) throw new InputError(`"${file}" is empty (0 bytes)`);
  const format = formatOf({ name: file, bytes });
  const label = format.toUpperCase();
  const open = (failOn: "error" | "warning") => sharp(bytes, { failOn, ignoreIcc: true, limitInputPixels: false });

  const header = await open("error")
    .metadata()
    .catch((cause) => {
      const isWide = tiffSamples(bytes)?.bits === 64;
      throw isWide
        ? unreadSamples(file, "64 bits")
        : new InputError(`"${file}" is a damaged or truncated ${label} file (${reasonOf(cause)})`, { cause });
    });
  const { width, height, depth, pages = 1, orientation = 1 } = header;
  if (width * height > maxPixels) {
    throw new InputError(`"${file}" has ${width} x ${height} pixels; at most ${maxPixels / 1e6} million are read. Make it smaller first.`);
  }
  const stored = spaces[header.space];
  const hasAlpha = stored !== undefined && header.channels === stored.colours + 1;
  if (stored === undefined || (header.channels !== stored.colours && !hasAlpha)) {
    throw new InputError(
      `"${file}" has ${header.channels} channels (${header.space}); expected gray, RGB or CMYK. Convert it to an RGB PNG first.`,
    );
  }
  // sharp drops the alpha of 8-bit gray, but not of colour.
  const known = keepsAlpha && hasAlpha && header.space === "b-w" ? spaces.srgb! : stored;
  const channels = known.colours + (hasAlpha ? 1 : 0);
  const type = types.find((name) => name === depth);
  if (type === undefined) throw unreadSamples(file, `type ${depth}`);

  const warnings: string[] = [];
  if (orientation !== 1) warnings.push(`EXIF orientation ${orientation} is not applied: results have the geometry of the stored pixels`);
  if (pages > 1) warnings.push(`has ${pages} pages, of which only the first is read`);
  const frames = pngFrames(bytes);
  if (frames > 1) warnings.push(`is an animation of ${frames} frames, of which only the still image is read`);
  if (hasAlpha && format === "tiff" && tiffSamples(bytes)?.hasAlpha === false) {
    if (stored.space === "gray")
      throw new InputError(
        `"${file}" has 2 channels, of which none is marked as transparency; expected gray, RGB or CMYK. Save the channel that is meant as a gray PNG first.`,
      );
    warnings.push(`its last channel, which is not marked as transparency, was taken for it`);
  }

  const decode = (failOn: "error" | "warning") => {
    const image = open(failOn).toColourspace(known.decodeAs);
    return (known.space === "cmyk" ? image.pipelineColourspace("cmyk") : image).raw({ depth }).toBuffer({ resolveWithObject: true });
  };
  const { data, info } = await decode("warning")
    .catch(async (warning) => {
      const decoded = await decode("error");
      warnings.push(`the decoder warned: ${reasonOf(warning)}`);
      return decoded;
    })
    .catch((cause) => {
      throw new InputError(`"${file}" is a damaged or truncated ${label} file (${reasonOf(cause)})`, { cause });
    });
  const sizeAgrees = info.width === width && info.height === height;
  if (!sizeAgrees || (info.channels !== channels && info.channels !== known.colours)) {
    throw new InputError(
      `"${file}" decodes to [${info.height}, ${info.width}, ${info.channels}], its header says [${height}, ${width}, ${channels}]`,
    );
  }
  return {
    format,
    width,
    height,
    space: known.space,
    channels,
    hasAlpha,
    stride: info.channels,
    bitDepth: (type === "uchar" && header.bitsPerSample) || 8 * sampleTypes[type].BYTES_PER_ELEMENT,
    data: new sampleTypes[type](data.buffer, data.byteOffset, data.byteLength / sampleTypes[type].BYTES_PER_ELEMENT),
    warnings,
  };
}

function unreadSamples(file: string, type: string): InputError {
  return new InputError(`"${file}" has samples of ${type}; expected 8 or 16 bits without sign. Convert it to an 8-bit PNG first.`);
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
