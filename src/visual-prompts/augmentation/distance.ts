import type { PointRule } from "./point-rule.ts";

/** The pixel that is farthest from all points so far: the greatest sum of distances. */
export const distantPoints: PointRule = () => {
  return (candidate, chosen) => chosen.reduce((sum, { x, y }) => sum + Math.hypot(candidate.x - x, candidate.y - y), 0);
};
