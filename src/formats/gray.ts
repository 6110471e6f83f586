import sharp from "sharp";
import { writeAtomic } from "../atomic-write.ts";
import { checkedPath } from "../check/paths.ts";
import { checkedGray, checkedImage, checkedMask } from "../check/pictures.ts";
import { InputError } from "../errors.ts";
import type { GrayImage, Image, Mask } from "../image/types.ts";
import { readPixels } from "./pixels.ts";

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

/** Writes an 8-bit gray PNG, whole or not at all; the same pixels give the same bytes. */
export async function writeGray(file: string, gray: GrayImage): Promise<void> {
  await writeAtomic(checkedPath(file, "writeGray"), await encodePng(checkedGray(gray, "writeGray", "gray"), 1));
}

/** Writes a mask as an 8-bit PNG of 0 and 255, the form that every viewer shows and `readGray` reads. */
export async function writeMask(file: string, mask: Mask): Promise<void> {
  const { data, ...size } = checkedMask(mask, "writeMask");
  await writeAtomic(checkedPath(file, "writeMask"), await encodePng({ ...size, data: data.map((value) => 255 * value) }, 1));
}

/** Writes an 8-bit RGB PNG, whole or not at all; the same pixels give the same bytes. */
export async function writeRgb(file: string, image: Image): Promise<void> {
  await writeAtomic(checkedPath(file, "writeRgb"), await encodePng(checkedImage(image, "writeRgb"), 3));
}

/** Fixed settings and no metadata, so that equal pixels are equal files. */
function encodePng({ width, height, data }: GrayImage | Image, channels: 1 | 3): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png({ compressionLevel: 6, adaptiveFiltering: false, palette: false })
    .toBuffer();
}
