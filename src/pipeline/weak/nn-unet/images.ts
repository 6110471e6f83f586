import { described } from "../../../check/described.ts";
import { checkedChannels, checkedGray, checkedImage } from "../../../check/pictures.ts";
import { InputError } from "../../../errors.ts";
import type { GrayImage, Image, Size } from "../../../image/index.ts";
import { listed } from "../../../listed.ts";
import type { RawCase } from "../../../nnunet/preprocess/index.ts";

/** An image of any number of channels and any range of values, as stored: the model's plans say how they are normalised. */
export interface ChannelImage extends Size {
  readonly channels: number;
  /** Row-major [C, H, W], finite. */
  readonly data: Float32Array;
  /** Millimetres per pixel [row, column]; default 1 x 1, as for pictures. */
  readonly spacing?: readonly [row: number, column: number] | undefined;
}

/**
 * An image from a caller as a network with these channels takes it.
 *
 * @param names - of the channels
 * @throws InputError, ShapeError when it is no image, or has other channels; a colour image whose channels are equal is a gray one
 */
export function rawCaseOf(image: unknown, names: readonly string[], where: string): RawCase {
  const given = isOfChannels(image) ? checkedChannels(image, where) : planesOf(image, names, where);
  if (given.channels !== names.length) throw otherChannels(names, `${given.channels} of them`, where);
  const { spacing = [1, 1], ...planes } = given;
  return { image: planes, spacing };
}

const isOfChannels = (image: unknown): boolean => typeof image === "object" && image !== null && "channels" in image;

/** The channels of 8-bit pixels. */
function planesOf(image: unknown, names: readonly string[], where: string): ChannelImage {
  if (names.length === 1 && !isColour(image)) {
    const { data, ...size } = checkedGray(image, where, "image");
    return { ...size, channels: 1, data: Float32Array.from(data) };
  }
  const { data, ...size } = checkedImage(image, where);
  const pixels = size.width * size.height;
  if (names.length === 1) {
    for (let i = 0; i < data.length; i += 3) {
      if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) throw otherChannels(names, "a colour image", where);
    }
    return { ...size, channels: 1, data: Float32Array.from({ length: pixels }, (_, i) => data[3 * i]!) };
  }
  if (names.length !== 3) throw otherChannels(names, described(image), where);
  return { ...size, channels: 3, data: Float32Array.from(data, (_, i) => data[3 * (i % pixels) + Math.floor(i / pixels)]!) };
}

function isColour(image: unknown): boolean {
  const { width, height, data } = (image ?? {}) as Partial<Image | GrayImage>;
  return data?.length === 3 * width! * height!;
}

const otherChannels = (names: readonly string[], got: string, where: string): InputError =>
  new InputError(
    `${where}: the model reads ${names.length === 1 ? "one channel" : `${names.length} channels`} (${listed(names, 6, (name) => `"${name}"`)}), got ${got}. ` +
      `Pass ${names.length === 1 ? "a gray image, or " : names.length === 3 ? "an RGB image, or " : ""}{ width, height, channels: ${names.length}, data } with a Float32Array.`,
  );
