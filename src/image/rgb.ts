import { classOf, described } from "../check/described.ts";
import { InputError, ShapeError } from "../errors.ts";
import type { Image, Size } from "./types.ts";

/**
 * Pixels in another layout as the RGB image that models take: one gray channel is repeated, the fourth channel of a canvas
 * (`ImageData`) is dropped without compositing, as `decodeImage` drops it.
 *
 * @param pixels - [H, W], [H, W, 3] or [H, W, 4], levels 0..255
 * @throws InputError, ShapeError when it holds something else
 * @example const image = rgbImage(context.getImageData(0, 0, width, height));
 */
export function rgbImage(pixels: Size & { readonly data: Uint8Array | Uint8ClampedArray }): Image {
  const { width, height, data } = (pixels ?? {}) as typeof pixels;
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new InputError(`rgbImage: pixels must be { width, height, data } with whole numbers above 0, got ${described(pixels)}.`);
  }
  if (!ArrayBuffer.isView(data) || !classOf(data).startsWith("Uint8")) {
    throw new InputError(`rgbImage: pixels.data must be a Uint8Array or Uint8ClampedArray of levels 0 to 255, got ${described(data)}.`);
  }
  const channels = data.length / (width * height);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new ShapeError(`rgbImage: ${width} x ${height} pixels of 1, 3 or 4 channels have not ${data.length} values.`);
  }
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) rgb[3 * i + c] = data[channels * i + (channels === 1 ? 0 : c)]!;
  return { width, height, data: rgb };
}
