import { bilinear, type Image, type Raster, rangeOf, skimageStretch } from "../../image/index.ts";
import { type Placement, squareOf } from "../postprocess.ts";
import { placeLevels } from "./_rgb-normalisation.ts";
import type { SamVariant } from "./variant.ts";

/**
 * MedSAM: SAM's ViT-B trained on medical images with a box each. Images are stretched to the square by a cubic spline, and their levels to
 * [0, 1]; probabilities are enlarged, not logits.
 *
 * @see Ma et al. 2024, doi:10.1038/s41467-024-44824-z; bowang-lab/MedSAM, MedSAM_Inference.py
 */
export const medsam: SamVariant = {
  title: "MedSAM",
  trainedWith: ["boxes"],
  sizeWithin: (_, side) => ({ width: side, height: side }),
  resize: stretched,
  normaliseInto: levelsToUnit,
  enlarge: logitsOfProbabilities,
};

/** Levels are cut down to whole numbers, not rounded. */
function stretched(image: Image, side: number): Image {
  const { data, ...size } = skimageStretch(image, { width: side, height: side });
  return { ...size, data: Uint8Array.from(data) };
}

/** (level - least) / (greatest - least) over all channels; 0 where all levels are equal. */
function levelsToUnit(pixels: Float32Array, levels: Image, side: number): void {
  const [least, greatest] = rangeOf(levels.data);
  const unit = Float32Array.from({ length: 256 }, (_, level) => (level - least) / Math.max(greatest - least, 1e-8));
  for (let channel = 0; channel < 3; channel++) placeLevels(pixels, levels, side, channel, unit);
}

/** How near probabilities come to 0 and 1, so that their logits are finite. */
const margin = 2 ** -24;

/**
 * The mask is where the enlarged probability is above 0.5, which is where its logit is above 0; the mean of two logits would lie elsewhere.
 *
 *   logit(bilinear(sigmoid(z)))
 */
function logitsOfProbabilities(logits: Float32Array, { size }: Placement): Raster<Float32Array> {
  const { width, height, data } = squareOf(logits);
  const enlarged = bilinear({ width, height, data: data.map((z) => 1 / (1 + Math.exp(-z))) }, size);
  const logit = (probability: number): number => {
    const p = Math.min(1 - margin, Math.max(margin, probability));
    return Math.log(p / (1 - p));
  };
  return { ...enlarged, data: enlarged.data.map(logit) };
}
