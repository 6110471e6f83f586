import type { DisplayedImage, DisplayMode, Frame, NamedBytes, StoredPixels } from "./image-source.ts";
import { type RasterPixels, readPixels } from "./raster-pixels.ts";

/**
 * An image file: png, jpeg, tiff or webp, first page only.
 *
 * It has no geometry: the resolution tags of these formats (dots per inch) are meant for paper and screens. Programs write 72 or 96 by
 * default, so using them as pixel spacing would silently give wrong areas.
 *
 * @throws InputError when it is empty, cut short, damaged or too large
 */
export async function rasterFrame(content: NamedBytes): Promise<Frame> {
  const { format, warnings, ...pixels } = await readPixels(content);
  return { format, warnings, pixels, display: async ({ mode }) => displayed(pixels, mode) };
}

type Samples = Omit<RasterPixels, "format" | "warnings">;

/** Byte for byte as Pillow's `convert("RGB")`, except for 16-bit gray in `paper`. */
function displayed(pixels: Samples, mode: DisplayMode): DisplayedImage {
  const { width, height, space, stride } = pixels;
  const warnings: string[] = [];
  const bytes = eightBit(pixels, mode, warnings);
  if (space === "cmyk") warnings.push("CMYK was converted to RGB without a colour profile");
  return { image: { width, height, data: toRgb[space](bytes, stride, width * height) }, warnings };
}

/** Samples as 8 bits; which 16-bit values are lost depends on the mode. */
function eightBit({ data, space, stride, hasAlpha }: Samples, mode: DisplayMode, warnings: string[]): Uint8Array {
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
    if (high > 255) warnings.push(`16-bit gray of ${low} to ${high} was clipped at 255, as the reference does; paper mode rescales it`);
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
const toRgb: Record<StoredPixels["space"], (bytes: Uint8Array, stride: number, pixels: number) => Uint8Array> = {
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
