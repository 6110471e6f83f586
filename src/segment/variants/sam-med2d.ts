import { opencvNearest } from "../../image/index.ts";
import { logitsOfImage } from "../postprocess.ts";
import { rgbNormalisation } from "./_rgb-normalisation.ts";
import type { SamVariant } from "./variant.ts";

/**
 * SAM-Med2D: SAM's ViT-B with adapters, for squares of 256 pixels to which images are stretched by the nearest pixel.
 *
 * @remarks The published tool normalises before it resizes, which is the same where each pixel is taken from one.
 * @see Cheng et al. 2023, arXiv:2308.16184; OpenGVLab/SAM-Med2D
 */
export const samMed2d: SamVariant = {
  title: "SAM-Med2D",
  trainedWith: ["boxes", "points", "mask prompts", "candidate masks"],
  sizeWithin: (_, side) => ({ width: side, height: side }),
  resize: (image, side) => opencvNearest(image, { width: side, height: side }),
  normaliseInto: rgbNormalisation,
  enlarge: logitsOfImage,
};
