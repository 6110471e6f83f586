import sharp from "sharp";
import { checkedPath } from "../check/paths.ts";
import { checkedGray, checkedImage, checkedMask } from "../check/pictures.ts";
import { InputError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import type { GrayImage, Image, Mask } from "../image/types.ts";

/** @throws InputError when the name ends as another format's do, which would be written as PNG all the same */
function pngPath(file: string, where: string): string {
  const [, ending] = /\.(jpe?g|tiff?|webp|bmp|gif|nii|dcm)$/i.exec(checkedPath(file, where)) ?? [];
  if (ending !== undefined) throw new InputError(`${where}: "${file}" would hold a PNG, not a .${ending}. Let its name end in .png.`);
  return file;
}

/** Writes an 8-bit gray PNG, whole or not at all; the same pixels give the same bytes. */
export async function writeGray(file: string, gray: GrayImage): Promise<void> {
  await writeAtomic(pngPath(file, "writeGray"), await encodePng(checkedGray(gray, "writeGray", "gray"), 1));
}

/** The bytes of the file that `writeGray` writes. */
export async function encodeGray(gray: GrayImage): Promise<Uint8Array> {
  return await encodePng(checkedGray(gray, "encodeGray", "gray"), 1);
}

/** Writes a mask as an 8-bit PNG of 0 and 255, the form that every viewer shows and `readGray` reads. */
export async function writeMask(file: string, mask: Mask): Promise<void> {
  await writeAtomic(pngPath(file, "writeMask"), await pngOfMask(checkedMask(mask, "writeMask")));
}

/** The bytes of the file that `writeMask` writes. */
export async function encodeMask(mask: Mask): Promise<Uint8Array> {
  return await pngOfMask(checkedMask(mask, "encodeMask"));
}

const pngOfMask = ({ data, ...size }: Mask) => encodePng({ ...size, data: data.map((value) => 255 * value) }, 1);

/** Writes an 8-bit RGB PNG, whole or not at all; the same pixels give the same bytes. */
export async function writeRgb(file: string, image: Image): Promise<void> {
  await writeAtomic(pngPath(file, "writeRgb"), await encodePng(checkedImage(image, "writeRgb"), 3));
}

/** Gray levels of 16 bits, row-major [H, W]. */
export interface Gray16 {
  readonly width: number;
  readonly height: number;
  readonly data: Uint16Array;
}

/** Writes a 16-bit gray PNG, whole or not at all; the same pixels give the same bytes. */
export async function writeGray16(file: string, { width, height, data }: Gray16): Promise<void> {
  const png = sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace("grey16")
    .png({ compressionLevel: 6, adaptiveFiltering: false, palette: false });
  await writeAtomic(pngPath(file, "writeGray16"), await png.toBuffer());
}

/** Fixed settings and no metadata, so that equal pixels are equal files. */
function encodePng({ width, height, data }: GrayImage | Image, channels: 1 | 3): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png({ compressionLevel: 6, adaptiveFiltering: false, palette: false })
    .toBuffer();
}
