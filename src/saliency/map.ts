import { type Box, bilinear, minMax } from "../image/index.ts";

/** Values [g · g] row by row as pixels of a square, bilinear. */
const pixelsOf = (values: Float32Array, side: number): Float32Array => {
  const grid = Math.sqrt(values.length);
  return bilinear({ width: grid, height: grid, data: values }, { width: side, height: side }).data;
};

/** The cells of an axis whose centres lie in [start, end) pixels; at least the one in the middle. */
function cellsIn(start: number, end: number, cell: number): number[] {
  const [first, next] = [Math.ceil(start / cell - 0.5), Math.ceil(end / cell - 0.5)];
  return next > first ? Array.from({ length: next - first }, (_, i) => first + i) : [Math.floor((start + end) / 2 / cell)];
}

/**
 * The map of the square that the model saw, from probabilities, which are kept as they are.
 *
 * @param values - [g · g] row by row, in [0, 1]
 * @param side - pixels of the square
 * @param presence - what the largest of them must reach; else the map is all zeros, and `isPresent` is false
 * @param part - the part of the square that shows the picture, in its pixels: `peak`, the largest value, is that of the cells whose centres
 *   lie in it, or of the cell in its middle if there are none. Default: all of it
 */
export function mapOfProbabilities(
  values: Float32Array,
  side: number,
  presence: number,
  part: Box = { x0: 0, y0: 0, x1: side, y1: side },
): { map: Float32Array; isPresent: boolean; peak: number } {
  const grid = Math.sqrt(values.length);
  const [columns, rows] = [cellsIn(part.x0, part.x1, side / grid), cellsIn(part.y0, part.y1, side / grid)];
  let peak = 0;
  for (const y of rows) for (const x of columns) peak = Math.max(peak, values[y * grid + x]!);
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
