import type { Image } from "../image/index.ts";
import type { Planes } from "./types.ts";

/** From [H, W, 3] to planes: one where the picture is gray, which is then transformed once. */
export function planesOf({ width, height, data }: Image): Planes {
  const size = width * height;
  const channels = isGray(data) ? 1 : 3;
  const planes = new Float32Array(channels * size);
  for (let i = 0; i < size; i++) for (let c = 0; c < channels; c++) planes[c * size + i] = data[3 * i + c]!;
  return { channels, height, width, data: planes };
}

function isGray(data: Uint8Array): boolean {
  for (let i = 0; i < data.length; i += 3) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  return true;
}

/** From planes of 8-bit levels to [H, W, 3], rounded. */
export function imageOf({ channels, width, height, data }: Planes): Image {
  const size = width * height;
  const pixels = new Uint8ClampedArray(3 * size);
  for (let i = 0; i < size; i++) for (let c = 0; c < 3; c++) pixels[3 * i + c] = data[(c % channels) * size + i]!;
  return { width, height, data: new Uint8Array(pixels.buffer) };
}
