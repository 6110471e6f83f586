import { bilinear, minMax } from "../image/index.ts";

/** Values [g · g] row by row as pixels of a square, bilinear. */
const pixelsOf = (values: Float32Array, side: number): Float32Array => {
  const grid = Math.sqrt(values.length);
  return bilinear({ width: grid, height: grid, data: values }, { width: side, height: side }).data;
};

/**
 * The map of the square that the model saw, from probabilities, which are kept as they are.
 *
 * @param values - [g · g] row by row, in [0, 1]
 * @param side - pixels of the square
 * @param presence - what the largest of them must reach; else the map is all zeros, and `isPresent` is false
 */
export function mapOfProbabilities(
  values: Float32Array,
  side: number,
  presence: number,
): { map: Float32Array; isPresent: boolean; peak: number } {
  let peak = 0;
  for (const value of values) if (value > peak) peak = value;
  const isPresent = peak >= presence;
  return { map: isPresent ? pixelsOf(values, side) : new Float32Array(side * side), isPresent, peak };
}

/**
 * The map of the square that the model saw, from the information each patch carries: bilinear to pixels, then stretched to
 * [0, 1].
 *
 * @param capacity - [g · g] row by row
 * @param side - pixels of the square
 * @returns `map` [side · side]; of a constant map all zeros, and `constant` says so
 */
export function mapOfCapacity(capacity: Float32Array, side: number): { map: Float32Array; constant: boolean } {
  return minMax(pixelsOf(capacity, side));
}
