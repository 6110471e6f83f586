import { type GrayImage, grayOf, type Point } from "../../image/index.ts";
import type { PointRule } from "./point-rule.ts";

/** Side of the window around a pixel, as in the released code. */
const side = 9;

/**
 * The pixel whose surroundings differ most in entropy from those of the points so far:
 *
 *   Σ_i |H(p) - H(p_i)|,   H the entropy of the 256 gray levels in a window of 9 x 9 pixels, in bits
 */
export const entropyPoints: PointRule = ({ image }) => {
  const gray = grayOf(image);
  const known = new Map<number, number>();
  const entropyAt = ({ x, y }: Point): number => {
    const at = Math.floor(y) * gray.width + Math.floor(x);
    const entropy = known.get(at) ?? entropyAround(gray, Math.floor(x), Math.floor(y));
    known.set(at, entropy);
    return entropy;
  };
  return (candidate, chosen) => {
    const own = entropyAt(candidate);
    return chosen.reduce((sum, point) => sum + Math.abs(own - entropyAt(point)), 0);
  };
};

/** At the left and upper edge the window is moved into the image; at the others it is cut. */
function entropyAround({ width, height, data }: GrayImage, x: number, y: number): number {
  const half = Math.floor(side / 2);
  const [x0, y0] = [Math.max(0, x - half), Math.max(0, y - half)];
  const [x1, y1] = [Math.min(width, x0 + side), Math.min(height, y0 + side)];
  const counts = new Uint8Array(256);
  for (let v = y0; v < y1; v++) for (let u = x0; u < x1; u++) counts[data[v * width + u]!]!++;
  const total = (x1 - x0) * (y1 - y0);
  let entropy = 0;
  for (const count of counts) if (count > 0) entropy -= (count / total) * Math.log2(count / total);
  return entropy;
}
