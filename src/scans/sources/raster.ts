import { type Orientation, turnUpright } from "../../image/orientation.ts";
import type { DisplayedImage, DisplayMode, Frame, NamedBytes, SampleArray, StoredPixels, View } from "./image-source.ts";
import { percentilesOfParts } from "./percentiles.ts";
import { type AnyPixels, notTurned, openPictures, type PictureFile } from "./raster-pixels.ts";

/** The pictures of a file, one for each page of a TIFF, which are decoded one by one. */
export interface OpenedRaster {
  readonly frames: number;
  /** @param index - from 0 @throws InputError when it is damaged, too large, or has samples of a type that is not read */
  read(index: number): Promise<Frame>;
}

/**
 * A picture file: png, jpeg, tiff, webp, bmp or gif. All pages of a TIFF are frames; of an animation the first picture is the only one.
 *
 * It has no geometry: the resolution tags of these formats (dots per inch) are meant for paper and screens. Programs write 72 or 96 by
 * default, so using them as pixel spacing would silently give wrong areas.
 *
 * @throws InputError when it is empty, cut short, or damaged
 */
export async function openRaster(content: NamedBytes): Promise<OpenedRaster> {
  const file = await openPictures(content);
  const levels = sharedLevels(file);
  return {
    frames: file.pages,
    async read(index) {
      const { format, warnings, orientation, isWhiteZero, ...pixels } = await file.read(index);
      const display = async (view: View = {}) => upright(await displayed({ ...pixels, isWhiteZero }, view, levels), orientation, view);
      return { format, warnings, pixels, display };
    },
  };
}

/** All pictures of a file at once. @throws InputError as `openRaster`, and when one of them cannot be read */
export async function rasterFrames(content: NamedBytes): Promise<Frame[]> {
  const { frames, read } = await openRaster(content);
  const all: Frame[] = [];
  for (let i = 0; i < frames; i++) all.push(await read(i));
  return all;
}

/** Turned as EXIF says where that is asked for. */
function upright(shown: DisplayedImage, orientation: Orientation, { exif = "ignore" }: View): DisplayedImage {
  if (orientation === 1) return shown;
  if (exif === "ignore") return { ...shown, warnings: [notTurned(orientation), ...shown.warnings] };
  const warning = `EXIF orientation ${orientation} is applied to what the models see; results have the geometry of the stored pixels`;
  return { image: turnUpright(shown.image, orientation), orientation, warnings: [warning, ...shown.warnings] };
}

type Samples = StoredPixels & Pick<AnyPixels, "isWhiteZero">;

/** The values that are shown as black and as white. */
type Levels = readonly [low: number, high: number];

/** Shares of the values of all pages that are shown as black and as white, as for NIfTI. */
const blackAndWhite = [0.005, 0.995] as const;

/** The levels that all pages of a file share, found when the first page that needs them is shown. */
function sharedLevels({ pages, read }: PictureFile): () => Promise<Levels> {
  async function* values() {
    for (let page = 0; page < pages; page++) yield colours(await read(page));
  }
  let levels: Promise<Levels> | undefined;
  return () => {
    levels ??= percentilesOfParts(values, blackAndWhite).then(([low, high]) => [low!, high!]);
    return levels;
  };
}

/** The samples without those of alpha. */
function colours({ data, stride, hasAlpha, channels }: StoredPixels): SampleArray {
  const used = channels - (hasAlpha ? 1 : 0);
  return stride === used ? data : data.filter((_, i) => i % stride < used);
}

/** Byte for byte as Pillow's `convert("RGB")`, except for gray of more than 8 bits, and of floats, in `paper`. */
async function displayed(pixels: Samples, { mode = "paper" }: View, levels: () => Promise<Levels>): Promise<DisplayedImage> {
  const { width, height, space, stride } = pixels;
  const warnings: string[] = [];
  const bytes = await eightBit(pixels, mode, warnings, levels);
  if (space === "cmyk") warnings.push("CMYK was converted to RGB without a colour profile");
  return { image: { width, height, data: toRgb[space](bytes, stride, width * height) }, warnings };
}

/** Samples as 8 bits; which values are lost depends on the mode. */
async function eightBit(pixels: Samples, mode: DisplayMode, warnings: string[], levels: () => Promise<Levels>): Promise<Uint8Array> {
  const { data, space, stride, hasAlpha } = pixels;
  if (data instanceof Uint8Array) return data;
  if (!(data instanceof Uint16Array)) return await valuesAsBytes(pixels, mode, warnings, levels);
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

/**
 * Floats, and whole numbers of 32 bits or with a sign: the 0.5 % percentile of all pages becomes 0, the 99.5 % percentile 255, as for NIfTI.
 * `reference` cuts them to 0 to 255, as Pillow does. What is no number is black.
 */
async function valuesAsBytes(pixels: Samples, mode: DisplayMode, warnings: string[], levels: () => Promise<Levels>): Promise<Uint8Array> {
  const { data, isWhiteZero } = pixels;
  const kind = data instanceof Float32Array ? "float" : `${8 * data.BYTES_PER_ELEMENT}-bit`;
  let gaps = 0;
  for (const value of colours(pixels)) if (Number.isNaN(value)) gaps++;
  if (gaps > 0)
    warnings.push(gaps === 1 ? "1 value that is no number is shown as black" : `${gaps} values that are no numbers are shown as black`);
  if (mode === "reference") {
    warnings.push(`${kind} values were cut to whole numbers from 0 to 255, as the reference does; paper mode rescales them`);
    return toBytes(data, (value) => Math.trunc(Math.min(Math.max(value, 0), 255)));
  }
  const [low, high] = await levels();
  if (Number.isNaN(low)) return new Uint8Array(data.length);
  const [black, white] = isWhiteZero ? [255, 0] : [0, 255];
  const range = high > low ? `${low} to ${high} (0.5 % and 99.5 % percentiles)` : `${low}, all the same,`;
  warnings.push(`${kind} values of ${range} were mapped to ${high > low ? `${black} to ${white}` : "0"}`);
  if (!(high > low)) return new Uint8Array(data.length);
  const level = (value: number) => Math.floor(255 * Math.min(Math.max((value - low) / (high - low), 0), 1) + 0.5);
  return toBytes(data, isWhiteZero ? (value) => (Number.isNaN(value) ? 0 : 255 - level(value)) : level);
}

/** A loop, since `Uint8Array.from` walks an iterator and takes seconds for a large radiograph. */
function toBytes(values: SampleArray, rule: (value: number) => number): Uint8Array {
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
