import { cutImage, type Image, maskOfRuns } from "../../image/index.ts";
import { cosine } from "../../tensor/cosine.ts";
import type { Region } from "./everything.ts";

/** What CLIP sees around a region in the box that is cut out for it: the image, or black. */
export const regionBackgrounds = ["keep", "blank"] as const;
export type RegionBackground = (typeof regionBackgrounds)[number];

/** The part of an image in a region's box. */
export function regionView(image: Image, { box, runs }: Pick<Region, "box" | "runs">, background: RegionBackground): Image {
  const part = cutImage(image, box);
  if (background === "keep") return part;
  const mask = maskOfRuns(runs);
  const data = part.data.map((level, i) => {
    const [x, y] = [Math.floor(i / 3) % part.width, Math.floor(i / 3 / part.width)];
    return mask.data[(box.y0 + y) * mask.width + box.x0 + x] === 0 ? 0 : level;
  });
  return { ...part, data };
}

/** What cosines are multiplied with: the largest value that CLIP's training allows, which its published models reach or nearly reach. */
const scale = 100;

/**
 * How well each region fits a text, as a share of all regions: softmax over regions of 100 · cos(region, text). With one text a softmax over texts
 * would say nothing.
 *
 * @param features - [E] of each region's view
 * @param text - [E]
 * @returns one score for each region; they add up to 1
 * @see Aleem et al. 2024, arXiv:2404.06362, section 3
 */
export function regionScores(features: readonly Float32Array[], text: Float32Array): Float64Array {
  const logits = Float64Array.from(features, (feature) => scale * cosine(feature, text));
  const highest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
