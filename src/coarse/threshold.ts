import { type GrayImage, histogram, otsuThreshold } from "../image/index.ts";
import type { CutMask, CutOptions } from "./coarse-method.ts";

/** The pixels whose saliency, level / 255, is above the threshold (0.3 by default, as in the released script). */
export function thresholdMask(map: GrayImage, { threshold = 0.3 }: CutOptions = {}): CutMask {
  let level = 0;
  while (level < 256 && !(level / 255 > threshold)) level++;
  return from(map, level);
}

/**
 * The pixels above Otsu's threshold of the map.
 *
 * @remarks A constant map has no threshold; all of it is foreground unless it is black, as with OpenCV.
 */
export function otsuMask(map: GrayImage): CutMask {
  return from(map, otsuThreshold(histogram(map)) + 1);
}

/** The pixels of at least this level. */
function from({ width, height, data }: GrayImage, level: number): CutMask {
  return { width, height, data: data.map((value) => (value >= level ? 1 : 0)), level };
}
