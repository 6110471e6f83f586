import { ShapeError } from "../errors.ts";
import type { Box, Size } from "./types.ts";

/** Samples on a pixel grid, row-major [H, W] or [H, W, C]: what Image, GrayImage, Mask and SaliencyMap have in common. */
export interface Raster<Data extends Uint8Array | Int16Array | Float32Array> extends Size {
  readonly data: Data;
}

/**
 * Samples a pixel: 3 of an Image, 1 of a mask or map.
 *
 * @throws ShapeError when the raster has no pixel, or its data are not a whole number of samples for each
 */
export function channelsOf({ width, height, data }: Raster<Uint8Array | Float32Array>, where: string): number {
  const channels = data.length / (width * height);
  if (!Number.isInteger(channels) || channels < 1) {
    throw new ShapeError(`${where}: ${width} x ${height} pixels do not fit ${data.length} samples`);
  }
  return channels;
}

/** @throws ShapeError when a size to make is not at least one whole pixel in each direction */
export function checkSize({ width, height }: Size, where: string): void {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new ShapeError(`${where}: the new size must be whole pixels, at least 1 x 1, got ${width} x ${height}`);
  }
}

/** @throws ShapeError when a part to take is not at least one whole pixel, or leaves the picture */
export function checkWindow({ x0, y0, x1, y1 }: Box, { width, height }: Size, where: string): void {
  const inside = x0 >= 0 && y0 >= 0 && x1 <= width && y1 <= height && x1 > x0 && y1 > y0;
  if (!(inside && [x0, y0, x1, y1].every(Number.isInteger))) {
    throw new ShapeError(`${where}: the window [${x0}, ${y0}, ${x1}, ${y1}] must hold a pixel and lie in ${width} x ${height} pixels`);
  }
}

/** @throws ShapeError when the data are not one sample a pixel, or the new size is not at least 1 x 1 */
export function requirePlane({ width, height, data }: Raster<Int16Array | Float32Array>, size: Size, where: string): void {
  checkSize(size, where);
  if (width > 0 && height > 0 && data.length === width * height) return;
  throw new ShapeError(`${where}: a plane of ${width} x ${height} pixels does not fit ${data.length} samples`);
}
