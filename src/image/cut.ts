import { ShapeError } from "../errors.ts";
import type { Box, Image } from "./types.ts";

/**
 * A part of an image.
 *
 * @param box - in whole pixels, x1 and y1 exclusive
 * @throws ShapeError when it is empty or leaves the image
 */
export function cutImage({ width, height, data }: Image, { x0, y0, x1, y1 }: Box): Image {
  if (!(x0 >= 0 && y0 >= 0 && x1 > x0 && y1 > y0 && x1 <= width && y1 <= height))
    throw new ShapeError(`cutImage: the box [${x0}, ${y0}, ${x1}, ${y1}] must hold a pixel and lie in ${width} x ${height} pixels`);
  const part = new Uint8Array(3 * (x1 - x0) * (y1 - y0));
  for (let y = y0; y < y1; y++) part.set(data.subarray(3 * (y * width + x0), 3 * (y * width + x1)), 3 * (y - y0) * (x1 - x0));
  return { width: x1 - x0, height: y1 - y0, data: part };
}
