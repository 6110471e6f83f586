import type { Box } from "../image/types.ts";

/** Channels of an image, row-major [C, H, W]. */
export interface ImageArray {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** The smallest box around all pixels that are not 0 in some channel; the whole image where all are 0. */
export function nonZeroBox({ width, height, channels, data }: ImageArray): Box {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let row = 0, at = 0; row < channels * height; row++) {
    const y = row % height;
    for (let x = 0; x < width; x++, at++) {
      if (data[at] === 0) continue;
      if (x < x0) x0 = x;
      if (x >= x1) x1 = x + 1;
      if (y < y0) y0 = y;
      if (y >= y1) y1 = y + 1;
    }
  }
  return x1 === 0 ? { x0: 0, y0: 0, x1: width, y1: height } : { x0, y0, x1, y1 };
}
