import { bilinear, minMax } from "../image/index.ts";

/**
 * The map of the square that the model saw, from the information each patch carries: bilinear to pixels, then stretched to
 * [0, 1].
 *
 * @param capacity - [g · g] row by row
 * @param side - pixels of the square
 * @returns `map` [side · side]; of a constant map all zeros, and `constant` says so
 */
export function mapOfCapacity(capacity: Float32Array, side: number): { map: Float32Array; constant: boolean } {
  const grid = Math.sqrt(capacity.length);
  return minMax(bilinear({ width: grid, height: grid, data: capacity }, { width: side, height: side }).data);
}
