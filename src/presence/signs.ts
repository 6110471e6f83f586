import { ShapeError } from "../errors.ts";
import type { Mask, SaliencyMap } from "../image/index.ts";

/**
 * What speaks for a target being in an image. For each sign but those that are learned a larger value speaks for it, as far as one can know
 * without data; a calibration gives their weights.
 */
export const signMeanings = {
  textMargin: "cosine of image and text prompt, less the mean cosine of the image and the null prompts",
  peak: "largest value of the saliency method before normalisation",
  compactness: "share of the map's sum within the coarse mask",
  purity: "mean of the map inside the coarse mask less the mean outside",
  agreement: "IoU of the coarse mask and SAM's mask",
  stability: "mean IoU of SAM's mask with those under noise on its image embedding",
  samScore: "highest IoU that SAM predicts of its masks",
  clipFeatures: "learned discriminant of CLIP's features, in SAM's mask and in the whole image",
  samFeatures: "the same of SAM's image embedding",
} as const;

/** The name of a sign. */
export type SignName = keyof typeof signMeanings;
/** In the order of calibrations. */
export const signNames = Object.keys(signMeanings) as readonly SignName[];

/** Signs that images with and without the target must teach first. */
export const learnedSigns = ["clipFeatures", "samFeatures"] as const satisfies readonly SignName[];
export type LearnedSign = (typeof learnedSigns)[number];

/** Signs that are measured as they stand. */
export type MeasuredSigns = Readonly<Record<Exclude<SignName, LearnedSign>, number>>;
/** The signs of a target in an image; without those that a calibration has not learned. */
export type PresenceSigns = MeasuredSigns & Readonly<Partial<Record<LearnedSign, number>>>;

/** What is measured of a target in an image. */
export interface Evidence {
  readonly signs: MeasuredSigns;
  /** What the learned signs are made of, of `pooledFeatures`; absent where the saliency method has no tokens. */
  readonly features: Readonly<Partial<Record<LearnedSign, Float32Array>>>;
}

/**
 * The signs of the saliency map.
 *
 * @param map - in [0, 1]
 * @param coarse - of the same size, with at least one pixel
 * @throws ShapeError when the sizes differ or the mask is empty
 */
export function mapSigns(map: SaliencyMap, coarse: Mask): Pick<MeasuredSigns, "compactness" | "purity"> {
  if (map.data.length !== coarse.data.length || map.width !== coarse.width) {
    throw new ShapeError(`mapSigns: the map is ${map.width} x ${map.height}, the coarse mask ${coarse.width} x ${coarse.height}`);
  }
  let [inside, outside, areaPx] = [0, 0, 0];
  for (const [i, value] of map.data.entries()) {
    if (coarse.data[i] === 0) outside += value;
    else {
      inside += value;
      areaPx++;
    }
  }
  if (areaPx === 0) throw new ShapeError("mapSigns: the coarse mask is empty");
  const restPx = map.data.length - areaPx;
  return {
    compactness: inside + outside > 0 ? inside / (inside + outside) : 0,
    purity: inside / areaPx - (restPx > 0 ? outside / restPx : 0),
  };
}
