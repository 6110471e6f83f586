import { channelsOf, checkSize, checkWindow, type Raster } from "./_raster.ts";
import { outputs, type PillowFilter, resample, tapsOf } from "./_resample.ts";
import type { Box, Size } from "./types.ts";

export type { PillowFilter } from "./_resample.ts";

/**
 * Resizes 8-bit pictures exactly as Pillow's antialiased resize, rows first.
 *
 *   output i = Σ_t w_t · input t,   w_t = k((t + 0.5 - c) / s) / Σ k,   c = (i + 0.5) · in / out,   s = max(1, in / out)
 *
 * Weights are rounded to 22 bits, and values to 8 bits after each of the two passes.
 *
 * @param image - [H, W, C] of any channel count: an Image, a GrayImage or a mask file
 * @param window - compute only this rectangle of the result; the same pixels as those of the whole
 * @returns the same channels, `size` or the window's size
 * @throws ShapeError when the size is not at least 1 x 1, the window leaves it, or the data do not fit the image's size
 *
 * @remarks Pillow 13 resamples columns first where the height shrinks much more than the width, which changes about 30 % of the
 *   values by one level. The published software used earlier versions; this follows those.
 */
export function pillowResize(image: Raster<Uint8Array>, size: Size, filter: PillowFilter, window?: Box): Raster<Uint8Array<ArrayBuffer>> {
  checkSize(size, "pillowResize");
  channelsOf(image, "pillowResize");
  if (window !== undefined) checkWindow(window, size, "pillowResize");
  const { x0, y0, x1, y1 } = window ?? { x0: 0, y0: 0, x1: size.width, y1: size.height };
  return resample(
    image,
    outputs(tapsOf(image.width, size.width, filter), x0, x1),
    outputs(tapsOf(image.height, size.height, filter), y0, y1),
  );
}
