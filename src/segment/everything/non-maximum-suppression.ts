import type { Box } from "../../image/index.ts";

/**
 * Of boxes that overlap much, the one of the highest score.
 *
 * Areas are those of the official package, whose boxes end at their last pixel: (x1 - x0 - 1) (y1 - y0 - 1) in our notation. So the same masks
 * are kept.
 *
 * @param boxes - x1 and y1 exclusive
 * @param most - boxes whose IoU with a kept one is greater are dropped
 * @returns indices of the kept boxes, from the highest score on; of equal scores the first comes first
 */
export function nonMaximumSuppression(boxes: readonly Box[], scores: ArrayLike<number>, most: number): number[] {
  const order = boxes.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const kept: number[] = [];
  for (const i of order) if (!kept.some((other) => iouOfBoxes(boxes[i]!, boxes[other]!) > most)) kept.push(i);
  return kept;
}

/** NaN for two boxes without area, which then do not overlap. */
function iouOfBoxes(a: Box, b: Box): number {
  const across = Math.max(0, Math.min(a.x1, b.x1) - 1 - Math.max(a.x0, b.x0));
  const down = Math.max(0, Math.min(a.y1, b.y1) - 1 - Math.max(a.y0, b.y0));
  return (across * down) / (spanArea(a) + spanArea(b) - across * down);
}

/** Area between the centres of the outermost pixels of a box. */
const spanArea = ({ x0, y0, x1, y1 }: Box): number => (x1 - 1 - x0) * (y1 - 1 - y0);
