import type { Image } from "../../image/index.ts";

/** Of the red, green and blue levels 0..255 that SAM was trained on. */
const MEAN = [123.675, 116.28, 103.53] as const;
const DEVIATION = [58.395, 57.12, 57.375] as const;

/**
 * (level - mean) / deviation of each channel, as SAM and the models made from it take their input.
 *
 * @param pixels - takes it: [3, S, S], zeros before
 */
export function rgbNormalisation(pixels: Float32Array, { data, ...resized }: Image, side: number): void {
  for (let channel = 0; channel < 3; channel++) {
    // There are only 256 levels, so each is normalised once, in float32 as the official tool does.
    const normal = Float32Array.from({ length: 256 }, (_, level) => {
      return Math.fround(level - Math.fround(MEAN[channel]!)) / Math.fround(DEVIATION[channel]!);
    });
    placeLevels(pixels, { data, ...resized }, side, channel, normal);
  }
}

/** Writes one channel of an image into the upper left corner of a square of input values. @param values - of each of the 256 levels */
export function placeLevels(
  pixels: Float32Array,
  { width, height, data }: Image,
  side: number,
  channel: number,
  values: Float32Array,
): void {
  for (let y = 0; y < height; y++) {
    let from = y * width * 3 + channel;
    const to = (channel * side + y) * side;
    for (let x = 0; x < width; x++, from += 3) pixels[to + x] = values[data[from]!]!;
  }
}
