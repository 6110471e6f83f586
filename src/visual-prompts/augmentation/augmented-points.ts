import { boundsOf, type LabelledPoint, type Point } from "../../image/index.ts";
import { distantPoints } from "./distance.ts";
import { entropyPoints } from "./entropy.ts";
import type { PointRule, PointSource } from "./point-rule.ts";
import { randomPoints } from "./random.ts";

/**
 * How SAMAug chooses further points from the first mask.
 *
 * @remarks The paper's fourth way takes them from a saliency network of its own (VST), which is not part of this package.
 */
export const pointRules = { entropy: entropyPoints, distance: distantPoints, random: randomPoints } as const satisfies Record<
  string,
  PointRule
>;
export type PointRuleName = keyof typeof pointRules;

/**
 * Points on a first mask that, with its prompt, give a second one. Each is chosen with those before it in mind; of equal pixels the first in rows
 * wins.
 *
 * @param given - positive points of the prompt; without any, points are compared with the middle of the mask's box
 * @returns `count` points, fewer where the mask has fewer other pixels
 * @see Dai et al. 2023, arXiv:2307.01187, section III
 */
export function augmentedPoints(rule: PointRuleName, source: PointSource, given: readonly Point[], count: number): LabelledPoint[] {
  const { mask } = source;
  const box = boundsOf(mask);
  if (!box) return [];
  const middle = { x: (box.x0 + box.x1 - 1) / 2, y: (box.y0 + box.y1 - 1) / 2 };
  const chosen: Point[] = given.length > 0 ? [...given] : [middle];
  const score = pointRules[rule](source);
  const taken = new Set(given.map(({ x, y }) => Math.floor(y) * mask.width + Math.floor(x)));
  const added: LabelledPoint[] = [];
  while (added.length < count) {
    let best: Point | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (let y = box.y0; y < box.y1; y++) {
      for (let x = box.x0; x < box.x1; x++) {
        const at = y * mask.width + x;
        if (mask.data[at] === 0 || taken.has(at)) continue;
        const own = score({ x, y }, chosen);
        if (own > most) [best, most] = [{ x, y }, own];
      }
    }
    if (!best) break;
    taken.add(best.y * mask.width + best.x);
    chosen.push(best);
    added.push({ ...best, label: 1 });
  }
  return added;
}
