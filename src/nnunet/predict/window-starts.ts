import { roundHalfEven } from "../../round-half-even.ts";

/**
 * Where the windows begin along an axis: evenly spread from the first to the last place, at most `step` · `patch` apart, rounded half to even.
 *
 * @param size - of the image, at least `patch`
 * @param step - distance between windows as a fraction of the patch, in (0, 1]
 * @example windowStarts(110, 64, 0.5); // [0, 23, 46]
 */
export function windowStarts(size: number, patch: number, step: number): number[] {
  const last = size - patch;
  const count = Math.ceil(last / (patch * step)) + 1;
  return Array.from({ length: count }, (_, i) => (count === 1 ? 0 : roundHalfEven((last / (count - 1)) * i)));
}
