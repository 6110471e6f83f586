import { z } from "zod";
import { atLeast, type GrayImage, histogram, otsuThreshold } from "../image/index.ts";
import type { CutMask } from "./coarse-method.ts";

/** The default is that of the released script. */
export const ThresholdSettings = z.strictObject({
  threshold: z.number().min(0).max(1).default(0.3).describe("saliency above which a pixel is foreground, in [0, 1]"),
});
type ThresholdSettings = z.infer<typeof ThresholdSettings>;

/** The pixels whose saliency, level / 255, is above the threshold. */
export function thresholdMask(map: GrayImage, { threshold }: ThresholdSettings): CutMask {
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
  return { width, height, data: atLeast(data, level), level };
}
