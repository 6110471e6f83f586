import { pillowResize, type Size } from "../../image/index.ts";
import { logitsOfImage } from "../postprocess.ts";
import { rgbNormalisation } from "./_rgb-normalisation.ts";
import type { SamVariant } from "./variant.ts";

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
