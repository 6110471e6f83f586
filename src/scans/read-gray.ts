import { checkedPath } from "../check/paths.ts";
import { InputError } from "../errors.ts";
import type { GrayImage } from "../image/types.ts";
import { type RasterPixels, readPixels } from "./sources/raster-pixels.ts";

/**
 * A mask file as one 8-bit channel: gray as stored (1 to 4 bits expanded to 0..255), colour by OpenCV's integer weights, alpha dropped.
 *
 * @throws InputError as decodeImage, and for 16 bits, where a value's meaning (a label? a probability?) would be a guess
 */
export async function readGray(file: string): Promise<GrayImage> {
  const pixels = await readPixels(checkedPath(file, "readGray"));
  return grayOf(pixels, file, "mask", "If it holds labels, save the wanted one as 0 and 255.");
}

/** Levels by which the channels of a gray picture may differ: JPEG and WebP do that much. */
const colourCast = 16;

/**
 * A saliency map as one 8-bit channel, as `readGray`.
 *
 * @throws InputError as `readGray`, and for pictures in colours, whose gray has nothing to do with the values behind the colours
 */
export async function readSaliency(file: string): Promise<GrayImage> {
  const pixels = await readPixels(checkedPath(file, "readSaliency"));
  const { data, stride, space } = pixels;
  for (let at = 0; space === "rgb" && at < data.length; at += stride) {
    const [r, g, b] = [data[at]!, data[at + 1]!, data[at + 2]!];
    if (Math.max(r, g, b) - Math.min(r, g, b) > colourCast)
      throw new InputError(`"${file}" is a picture in colours; expected a saliency map, 8-bit gray from 0 to 255 (without a colour map)`);
  }
  return grayOf(pixels, file, "saliency map", "Scale it to 0 to 255.");
}

function grayOf({ width, height, space, stride, bitDepth, data }: RasterPixels, file: string, what: string, advice: string): GrayImage {
  if (!(data instanceof Uint8Array)) throw new InputError(`"${file}" has ${bitDepth} bits a sample; expected an 8-bit ${what}. ${advice}`);
  if (space === "cmyk") throw new InputError(`"${file}" is a CMYK image; expected a gray or RGB ${what}`);
  if (stride === 1) return { width, height, data };
  const gray = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < gray.length; i++, at += stride) {
    gray[i] = space === "gray" ? data[at]! : (data[at]! * 4899 + data[at + 1]! * 9617 + data[at + 2]! * 1868 + 8192) >> 14;
  }
  return { width, height, data: gray };
}
