import { ShapeError } from "../errors.ts";
import type { GrayImage, Mask } from "../image/index.ts";
import type { LabelledMask } from "./label-map.ts";
import type { Enlarge } from "./variants/index.ts";

/** The lowest level of a probability of 0.5. */
const half = 128;

/**
 * The probabilities behind a mask, as levels round(255 p): the sigmoid of SAM's logits, enlarged as the mask's are. Of a mask that was made from
 * several predictions the highest one counts. Outside the mask they are 0, also in components that were not kept, and inside at least 0.5, also
 * where a vote decided otherwise: the mask is where they are 0.5 or more.
 *
 * @param enlarge - of the model that made the mask, see `enlargeFor`
 */
export function probabilityLevels({ mask, logits }: Omit<LabelledMask, "value">, enlarge: Enlarge): GrayImage {
  const { width, height } = mask;
  const highest = new Float32Array(width * height).fill(Number.NEGATIVE_INFINITY);
  for (const plane of logits) {
    const { data } = enlarge(plane, mask);
    for (let i = 0; i < highest.length; i++) highest[i] = Math.max(highest[i]!, data[i]!);
  }
  const data = Uint8Array.from(highest, (logit) => Math.round(255 / (1 + Math.exp(-logit))));
  return levelsWithin({ width, height, data }, mask);
}

/** Probabilities made to fit a mask that other means have changed: 0 outside, at least 0.5 inside. @throws ShapeError when the sizes differ */
export function levelsWithin({ width, height, data }: GrayImage, mask: Mask): GrayImage {
  if (mask.width !== width || mask.height !== height)
    throw new ShapeError(`levelsWithin: the mask has ${mask.width} x ${mask.height} pixels, its probabilities ${width} x ${height}`);
  return { width, height, data: data.map((level, i) => (mask.data[i] === 0 ? 0 : Math.max(level, half))) };
}
