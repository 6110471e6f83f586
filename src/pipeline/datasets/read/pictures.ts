import { InputError } from "../../../errors.ts";
import { copyAtomically } from "../../../files/atomic-write.ts";
import { type Mask, opencvNearest, type Size } from "../../../image/index.ts";
import { writeGray, writeRgb } from "../../../results/png.ts";
import { MaskError, type MaskReading } from "../../../scans/mask-rule.ts";
import { readContent } from "../../../scans/read-content.ts";
import { readMask } from "../../../scans/read-mask.ts";
import { type RasterPixels, readPixels } from "../../../scans/sources/raster-pixels.ts";
import type { Picture, Pictures } from "../data-set.ts";

/** How the masks of an image are read. */
export interface MaskOptions {
  /** Of masks in colours: the channel of red, green and blue that shows the wanted structure. */
  readonly channel?: 0 | 1 | 2;
  /** Whether masks of another size than their image are usual in the data set: they are resized, with a warning. Default: they are errors. */
  readonly mayResize?: boolean;
}

/** Above this a channel of a mask in colours shows its structure: such masks come as JPEG, with soft edges. */
const channelMiddle = 127;

/**
 * A picture file with its masks, which are united.
 *
 * @param masks - none stand for an empty mask
 * @throws InputError when a file is damaged, or a mask has another size than its image
 */
export async function maskedPicture(file: string, masks: readonly string[], { channel, mayResize }: MaskOptions = {}): Promise<Pictures> {
  const { image, warnings } = await pngPicture(file);
  const { width, height } = image;
  const united: Mask = { width, height, data: new Uint8Array(width * height) };
  const told = new Set(warnings);
  for (const one of masks) {
    const { mask, warnings } = channel === undefined ? await twoValuedMask(one) : { mask: await channelMask(one, channel), warnings: [] };
    for (const warning of warnings) told.add(`mask: ${warning}`);
    const isOther = sizeOf(mask) !== sizeOf(image);
    if (isOther && !mayResize)
      throw new InputError(`"${one}" has ${sizeOf(mask)} pixels, "${file}" has ${sizeOf(image)}; a mask must have the size of its image`);
    if (isOther) told.add(`mask: ${sizeOf(mask)} pixels, the image has ${sizeOf(image)}: resized by nearest neighbour`);
    const { data } = isOther ? opencvNearest(mask, { width, height }) : mask;
    for (let i = 0; i < united.data.length; i++) united.data[i]! |= data[i]!;
  }
  return { image, mask: united, warnings: [...told] };
}

const sizeOf = ({ width, height }: Size): string => `${width} x ${height}`;

/** A mask file of two values. There is no setting that chooses a label here, so the remedy for a label image is another. */
async function twoValuedMask(file: string): Promise<MaskReading> {
  try {
    return await readMask(file);
  } catch (cause) {
    if (!(cause instanceof MaskError) || cause.problem !== "label image") throw cause;
    throw new InputError(`${cause.fault} Save the mask as 0 and 255.`, { cause });
  }
}

/** A picture file that is copied as it is. @throws InputError when it is damaged */
export async function copiedPicture(file: string): Promise<Pictures> {
  const { width, height, warnings } = await readPixels(file);
  return { image: { width, height, write: (target) => copyAtomically(file, target) }, warnings };
}

/** A picture file as PNG: copied where it is one, else with the same samples. */
async function pngPicture(file: string): Promise<{ image: Picture; warnings: readonly string[] }> {
  const pixels = await readPixels(await readContent(file));
  const { width, height, format, warnings } = pixels;
  const write = format === "png" ? (target: string) => copyAtomically(file, target) : pngWriter(file, pixels);
  return { image: { width, height, write }, warnings };
}

function pngWriter(file: string, { width, height, space, stride, data }: RasterPixels): Picture["write"] {
  if (space === "cmyk" || !(data instanceof Uint8Array))
    throw new InputError(`"${file}" is no PNG and has ${space === "cmyk" ? "CMYK" : "16-bit"} samples. Convert it to PNG first.`);
  const channels = space === "gray" ? 1 : 3;
  const samples =
    stride === channels ? data : Uint8Array.from({ length: width * height * channels }, (_, i) => data[sampleAt(i, channels, stride)]!);
  const image = { width, height, data: samples };
  return channels === 1 ? (target) => writeGray(target, image) : (target) => writeRgb(target, image);
}

const sampleAt = (i: number, channels: number, stride: number): number => Math.floor(i / channels) * stride + (i % channels);

/** One channel of a mask in colours. */
async function channelMask(file: string, channel: 0 | 1 | 2): Promise<Mask> {
  const { width, height, space, stride, data, bitDepth } = await readPixels(file);
  if (!(data instanceof Uint8Array) || space === "cmyk")
    throw new InputError(`"${file}" has ${space === "cmyk" ? "CMYK samples" : `${bitDepth} bits a sample`}; expected a mask in 8-bit RGB`);
  const isColour = space === "rgb";
  const mask = new Uint8Array(width * height);
  for (let i = 0, at = isColour ? channel : 0; i < mask.length; i++, at += stride) mask[i] = data[at]! > channelMiddle ? 1 : 0;
  if (!isColour && mask.includes(1))
    throw new InputError(`"${file}" is a gray picture, so its structures cannot be told apart; expected a mask in colours`);
  return { width, height, data: mask };
}
