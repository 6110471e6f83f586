import { type Image, pillowResize, type Size } from "../image/index.ts";
import { type Tensor, zeros } from "../tensor/tensor.ts";

/** Of the red, green and blue levels 0..255 that SAM was trained on. */
const MEAN = [123.675, 116.28, 103.53] as const;
const DEVIATION = [58.395, 57.12, 57.375] as const;

/** An image as SAM takes it. */
export interface SamInput {
  /** [1, 3, S, S], normalised, zeros right of and below the image */
  readonly pixels: Tensor<"float32">;
  /** Size of the image within the square. */
  readonly resized: Size;
}

/**
 * The size of an image whose longer side is scaled to `side`: floor(length · side / longest + 0.5).
 *
 * @remarks The official tool fails on images so narrow that the shorter side would vanish; here at least one pixel remains.
 */
export function resizedSize({ width, height }: Size, side: number): Size {
  const scale = side / Math.max(width, height);
  const scaled = (length: number): number => Math.max(1, Math.floor(length * scale + 0.5));
  return { width: scaled(width), height: scaled(height) };
}

/** An image scaled so that its longer side is `side`, by Pillow's antialiased bilinear filter on 8-bit levels. */
export function resizeLongest(image: Image, side: number): Image {
  return pillowResize(image, resizedSize(image, side), "bilinear");
}

/**
 * Resizes an image to the model's side, normalises it, and pads with zeros at the right and the bottom. Padding comes after
 * normalising, so it is the mean colour, not black.
 *
 * @param side - the model's `imageSize`
 */
export function samInput(image: Image, side: number): SamInput {
  const { data, ...resized } = resizeLongest(image, side); // [h, w, 3]
  const pixels = zeros("float32", [1, 3, side, side]);
  normaliseInto(pixels.data, { data, ...resized }, side);
  return { pixels, resized };
}

/**
 * Normalises an image that has the model's size already.
 *
 * @param pixels - takes it: [3, S, S], zeros before
 */
export function normaliseInto(pixels: Float32Array, { data, ...resized }: Image, side: number): void {
  for (let channel = 0; channel < 3; channel++) {
    // There are only 256 levels, so each is normalised once, in float32 as the official tool does.
    const normal = Float32Array.from({ length: 256 }, (_, level) => {
      return Math.fround(level - Math.fround(MEAN[channel]!)) / Math.fround(DEVIATION[channel]!);
    });
    for (let y = 0; y < resized.height; y++) {
      let from = y * resized.width * 3 + channel;
      const to = (channel * side + y) * side;
      for (let x = 0; x < resized.width; x++, from += 3) pixels[to + x] = normal[data[from]!]!;
    }
  }
}
