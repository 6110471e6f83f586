import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { checkedFile } from "../check/paths.ts";
import type { Image } from "../image/types.ts";
import { type ImageFormat, type NamedBytes, type Pixels, readPixels } from "./sources/raster-pixels.ts";

/** An image with all that was guessed or changed on the way. */
export interface DecodedImage {
  readonly image: Image;
  /** Sentences without the file name, to be shown beside it. */
  readonly warnings: string[];
  /** What the file held before it became 8-bit RGB. */
  readonly source: {
    readonly format: ImageFormat;
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    readonly bitDepth: number;
  };
}

const Options = z.strictObject({ mode: z.enum(["paper", "reference"]).default("paper") });
type DecodeOptions = z.input<typeof Options>;

/**
 * A picture file as 8-bit RGB, byte for byte what Pillow's `convert("RGB")` gives: alpha is dropped without compositing, palettes are
 * expanded, gray is repeated, 16-bit colour keeps its high byte, colour profiles and EXIF orientation are ignored (with a warning).
 *
 * @param file - its path, or its content with a name
 * @param options.mode - default paper; 16-bit gray alone differs: `reference` clips at 255 as Pillow does, which turns a 12-bit radiograph white;
 *   `paper` maps its smallest and largest value to 0 and 255. Both say what they did
 * @throws InputError when the file is missing, empty, cut short, damaged, too large, or not png, jpeg, tiff or webp
 */
export async function decodeImage(file: string | NamedBytes, options: DecodeOptions = {}): Promise<DecodedImage> {
  const { mode } = checkedOptions(Options, options, "decodeImage");
  const pixels = await readPixels(checkedFile(file, "decodeImage"));
  const warnings = [...pixels.warnings];
  const bytes = eightBit(pixels, mode, warnings);
  if (pixels.space === "cmyk") warnings.push("CMYK was converted to RGB without a colour profile");
  const { format, width, height, channels, stride, bitDepth } = pixels;
  return {
    image: { width, height, data: toRgb[pixels.space](bytes, stride, width * height) },
    warnings,
    source: { format, width, height, channels, bitDepth },
  };
}

/** Samples as 8 bits; which 16-bit values are lost depends on the mode. */
function eightBit({ data, space, stride, hasAlpha }: Pixels, mode: "paper" | "reference", warnings: string[]): Uint8Array {
  if (data instanceof Uint8Array) return data;
  // Pillow has no 16-bit mode for more than one channel and keeps the high byte, also of gray with alpha.
  if (space !== "gray" || (hasAlpha && mode === "reference")) {
    warnings.push("16-bit samples were reduced to their high byte");
    return toBytes(data, (value) => value >> 8);
  }
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (let i = 0; i < data.length; i += stride) {
    if (data[i]! < low) low = data[i]!;
    if (data[i]! > high) high = data[i]!;
  }
  if (mode === "reference") {
    if (high > 255) warnings.push(`16-bit gray of ${low} to ${high} was clipped at 255, as the reference does; paper mode windows it`);
    return toBytes(data, (value) => Math.min(value, 255));
  }
  warnings.push(`16-bit gray of ${low} to ${high} was mapped to 0 to 255`);
  const scale = high > low ? 255 / (high - low) : 0;
  return toBytes(data, (value) => Math.round((value - low) * scale));
}

/** A loop, since `Uint8Array.from` walks an iterator and takes seconds for a large radiograph. */
function toBytes(values: Uint16Array, rule: (value: number) => number): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = rule(values[i]!);
  return bytes;
}

/** From interleaved samples to [H, W, 3]. */
const toRgb: Record<Pixels["space"], (bytes: Uint8Array, stride: number, pixels: number) => Uint8Array> = {
  gray(bytes, stride, pixels) {
    const rgb = new Uint8Array(pixels * 3);
    for (let i = 0; i < pixels; i++) rgb[i * 3] = rgb[i * 3 + 1] = rgb[i * 3 + 2] = bytes[i * stride]!;
    return rgb;
  },
  rgb(bytes, stride, pixels) {
    if (stride === 3) return bytes;
    const rgb = new Uint8Array(pixels * 3);
    for (let i = 0; i < pixels; i++) for (let c = 0; c < 3; c++) rgb[i * 3 + c] = bytes[i * stride + c]!;
    return rgb;
  },
  /** Pillow's rule, (1 - C)(1 - K), with its rounding of the product. */
  cmyk(bytes, stride, pixels) {
    const rgb = new Uint8Array(pixels * 3);
    for (let i = 0; i < pixels; i++) {
      const light = 255 - bytes[i * stride + 3]!;
      for (let c = 0; c < 3; c++) {
        const product = bytes[i * stride + c]! * light + 128;
        rgb[i * 3 + c] = light - (((product >> 8) + product) >> 8);
      }
    }
    return rgb;
  },
};
