import { checkedPath } from "../check/paths.ts";
import { InputError } from "../errors.ts";
import type { GrayImage } from "../image/types.ts";
import { readPixels } from "./sources/raster-pixels.ts";

/**
 * A mask or saliency file as one 8-bit channel: gray as stored (1 to 4 bits expanded to 0..255), colour by OpenCV's integer weights,
 * alpha dropped.
 *
 * @throws InputError as decodeImage, and for 16 bits, where a value's meaning (a label? a probability?) would be a guess
 */
export async function readGray(file: string): Promise<GrayImage> {
  const { width, height, space, stride, bitDepth, data } = await readPixels(checkedPath(file, "readGray"));
  if (!(data instanceof Uint8Array)) {
    throw new InputError(
      `"${file}" has ${bitDepth} bits a sample; expected an 8-bit mask. If it holds labels, save the wanted one as 0 and 255.`,
    );
  }
  if (space === "cmyk") throw new InputError(`"${file}" is a CMYK image; expected a gray or RGB mask`);
  if (stride === 1) return { width, height, data };
  const gray = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < gray.length; i++, at += stride) {
    gray[i] = space === "gray" ? data[at]! : (data[at]! * 4899 + data[at + 1]! * 9617 + data[at + 2]! * 1868 + 8192) >> 14;
  }
  return { width, height, data: gray };
}
