import { bilinear, type Image, pillowResize, type Raster, type Size } from "../../image/index.ts";
import { ShapeError } from "../../errors.ts";
import { rgbNormalisation } from "./_rgb-normalisation.ts";
import type { Placement, SamVariant } from "./variant.ts";

/**
 * SAM as published: the longer side of an image is scaled to that of the model by Pillow's antialiased bilinear filter on 8-bit levels, then
 * levels are normalised and the rest of the square is filled with zeros, so that it has the mean colour and is not black.
 *
 * @see Kirillov et al. 2023, arXiv:2304.02643; the package segment-anything 1.0
 */
export const sam: SamVariant = {
  title: "SAM",
  trainedWith: ["boxes", "points", "mask prompts", "candidate masks"],
  sizeWithin: resizedSize,
  resize: (image, side) => pillowResize(image, resizedSize(image, side), "bilinear"),
  normaliseInto: rgbNormalisation,
  enlarge: logitsOfImage,
};

/**
 * The size of an image whose longer side is scaled to `side`: floor(length · side / longest + 0.5).
 *
 * @remarks The official tool fails on images so narrow that the shorter side would vanish; here at least one pixel remains.
 */
function resizedSize({ width, height }: Size, side: number): Size {
  const scale = side / Math.max(width, height);
  const scaled = (length: number): number => Math.max(1, Math.floor(length * scale + 0.5));
  return { width: scaled(width), height: scaled(height) };
}

/**
 * Mask logits at the size of the image: enlarged to the model's square, cut to the part that the image fills, then resized to
 * the image. Both steps are bilinear; leaving one out moves edges.
 */
export function logitsOfImage(logits: Float32Array, { size, resized, side }: Placement): Raster<Float32Array> {
  const square = bilinear(squareOf(logits), { width: side, height: side });
  return bilinear(square, size, { x0: 0, y0: 0, x1: resized.width, y1: resized.height });
}

/** A plane [l, l]. @throws ShapeError when it is no square */
export function squareOf(logits: Float32Array): Raster<Float32Array> {
  const length = Math.sqrt(logits.length);
  if (!Number.isInteger(length)) throw new ShapeError(`the logits of a mask must be a square, got ${logits.length} values`);
  return { width: length, height: length, data: logits };
}
