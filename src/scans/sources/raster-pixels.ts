import { readFile, stat } from "node:fs/promises";
import sharp from "sharp";
import { InputError } from "../../errors.ts";

/** The kinds of picture file that can be read. */
export type ImageFormat = "png" | "jpeg" | "tiff" | "webp";

/** The samples of a picture file before any conversion, interleaved row-major [H, W, stride]. */
export interface Pixels {
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  readonly space: "gray" | "rgb" | "cmyk";
  /** Gray 1, RGB 3, CMYK 4; one more where the file has alpha. Palettes and 1 to 4 bits are expanded to 8-bit gray or RGB. */
  readonly channels: number;
  readonly hasAlpha: boolean;
  /** Distance between neighbouring pixels in `data`; less than `channels` where the decoder left out alpha. */
  readonly stride: number;
  readonly bitDepth: number;
  readonly data: Uint8Array | Uint16Array;
  readonly warnings: readonly string[];
}

/** As `Pixels`, of any type of sample. Where an 8-bit gray file has alpha the space is "rgb", since gray would come without it. */
export type AnyPixels = Omit<Pixels, "data"> & { readonly data: SampleArray };

/** The content of a picture file that is in memory, for instance a member of an archive; the name is for messages. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Largest picture that is decoded; a forged header must not take the machine's memory. */
const maxPixels = 100_000_000;

/** What sharp calls the colour space of a file, ours for it, and the one to decode to so that no value changes. */
const spaces: Record<string, { space: Pixels["space"]; colours: number; decodeAs: string }> = {
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
export type SampleArray = InstanceType<(typeof sampleTypes)[SampleType]>;

/**
 * The stored samples of a png, jpeg, tiff or webp file: not turned by EXIF, not converted by colour profiles, first page only.
 *
 * @throws InputError when it is missing, empty, cut short, damaged, too large, has samples of more than 16 bits or with a sign, or is something else
 */
export async function readPixels(input: string | NamedBytes): Promise<Pixels> {
  const { data, ...pixels } = await decode(typeof input === "string" ? await readContent(input) : input, {
    types: ["uchar", "ushort"],
    keepsAlpha: false,
  });
  return { ...pixels, data: data as Pixels["data"] };
}

/**
 * The same for samples of any type that TIFF files hold but 64 bits, and with the alpha of every file.
 *
 * @throws InputError as `readPixels`, but for types of samples
 */
export function readAnyPixels(content: NamedBytes): Promise<AnyPixels> {
  return decode(content, { types: Object.keys(sampleTypes) as SampleType[], keepsAlpha: true });
}

async function decode(
  { name: file, bytes }: NamedBytes,
  { types, keepsAlpha }: { readonly types: readonly SampleType[]; readonly keepsAlpha: boolean },
): Promise<AnyPixels> {
  if (bytes.length === 0) throw new InputError(`"${file}" is empty (0 bytes)`);
  const format = formatOf(file, bytes);
  const label = format.toUpperCase();
  const open = (failOn: "error" | "warning") => sharp(bytes, { failOn, ignoreIcc: true, limitInputPixels: false });

  const header = await open("error")
    .metadata()
    .catch((cause) => {
      throw new InputError(`"${file}" is a damaged or truncated ${label} file (${reasonOf(cause)})`, { cause });
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
  // sharp gives 8-bit gray without its alpha, but not colour.
  const known = keepsAlpha && hasAlpha && header.space === "b-w" ? spaces.srgb! : stored;
  const channels = known.colours + (hasAlpha ? 1 : 0);
  const type = types.find((name) => name === depth);
  if (type === undefined) {
    throw new InputError(`"${file}" has samples of type ${depth}; expected 8 or 16 bits without sign. Convert it to an 8-bit PNG first.`);
  }

  const warnings: string[] = [];
  if (orientation !== 1) warnings.push(`EXIF orientation ${orientation} is not applied: results have the geometry of the stored pixels`);
  if (pages > 1) warnings.push(`has ${pages} pages, of which only the first is read`);

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

/** The bytes of a regular file. Reading them here, not in the decoder, keeps its cache of file names out of play. */
export async function readContent(file: string): Promise<NamedBytes> {
  try {
    const found = await stat(file);
    if (found.isDirectory()) throw new InputError(`"${file}" is a folder, expected an image file`);
    if (!found.isFile()) throw new InputError(`"${file}" is not a regular file`);
    return { name: file, bytes: await readFile(file) };
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw new InputError(`"${file}" does not exist`, { cause });
    throw new InputError(`"${file}" cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** The format by the first bytes; endings are often wrong. */
function formatOf(file: string, bytes: Uint8Array): ImageFormat {
  const ascii = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (ascii(0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (ascii(0, 3) === "\xff\xd8\xff") return "jpeg";
  if (["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(ascii(0, 4))) return "tiff";
  if (ascii(0, 4) === "RIFF" && ascii(8, 12) === "WEBP") return "webp";
  if (ascii(128, 132) === "DICM") {
    throw new InputError(`"${file}" is a DICOM file, which this version does not read. Convert it to PNG first.`);
  }
  if (ascii(0, 2) === "BM") throw new InputError(`"${file}" is a BMP file, which this version does not read. Convert it to PNG first.`);
  throw new InputError(`"${file}" is not a PNG, JPEG, TIFF or WebP image, whatever its name says`);
}

/** One line of what a library said. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split("\n")[0]!.replace(/: *$/, "");
}
