import type { PointRule } from "./point-rule.ts";

/** Any pixel of the mask, with equal chances. */
export const randomPoints: PointRule = ({ mask: { width }, random }) => {
  return ({ x, y }) => random.at(y * width + x);
};
