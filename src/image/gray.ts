import type { GrayImage, Image } from "./types.ts";

/** Gray as Pillow's conversion to "L". */
export function grayOf({ width, height, data }: Image | GrayImage): GrayImage {
  if (data.length === width * height) return { width, height, data };
  const gray = new Uint8Array(width * height);
  for (let i = 0; i < gray.length; i++)
    gray[i] = (19595 * data[3 * i]! + 38470 * data[3 * i + 1]! + 7471 * data[3 * i + 2]! + 0x8000) >>> 16;
  return { width, height, data: gray };
}
