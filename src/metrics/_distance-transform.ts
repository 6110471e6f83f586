/**
 * For each point of a grid, the exact Euclidean distance to the nearest seed; Infinity where there is none.
 *
 * First the distance along each column, g; then along each row the lower envelope of the parabolas (x - q)² + g(q)², one pass to build
 * it and one to read it, so that the cost is linear in the number of points.
 *
 * @param seeds   - [rows, columns], not 0 where distance is 0
 * @param spacing - distance between neighbours [row, column]
 * @see Felzenszwalb and Huttenlocher 2012, Distance transforms of sampled functions, Theory of Computing 8
 */
export function distanceTransform(
  seeds: ArrayLike<number>,
  rows: number,
  columns: number,
  [rowSpacing, columnSpacing]: readonly [number, number],
): Float64Array {
  const distances = new Float64Array(rows * columns);
  // Counted in steps first and scaled once, so that 4 steps of 0.5 are 2 and not nearly 2.
  for (let i = 0; i < distances.length; i++) {
    const above = i < columns ? Number.POSITIVE_INFINITY : distances[i - columns]!;
    distances[i] = seeds[i] ? 0 : above + 1;
  }
  for (let i = distances.length - columns - 1; i >= 0; i--) distances[i] = Math.min(distances[i]!, distances[i + columns]! + 1);
  for (let i = 0; i < distances.length; i++) {
    const vertical = distances[i]! * rowSpacing;
    distances[i] = vertical * vertical;
  }
  const envelope = new LowerEnvelope(columns, columnSpacing);
  for (let row = 0; row < rows; row++) envelope.apply(distances, row * columns, 1);
  for (let i = 0; i < distances.length; i++) distances[i] = Math.sqrt(distances[i]!);
  return distances;
}

/** One line of a distance transform: squared distances so far in, those that the line's own direction adds out. */
export class LowerEnvelope {
  private readonly spacing: number;
  private readonly length: number;
  private readonly squares: Float64Array; // g² of this line
  private readonly peaks: Int32Array; // points whose parabolas form the envelope
  private readonly starts: Float64Array; // where each of them becomes the lowest, in points

  /** @param spacing - distance between the points of a line */
  constructor(length: number, spacing: number) {
    this.length = length;
    this.spacing = spacing;
    this.squares = new Float64Array(length);
    this.peaks = new Int32Array(length);
    this.starts = new Float64Array(length);
  }

  /** Replaces g(q)² of a line by the least (x - q)² + g(q)² at each x. Infinity stands for no seed. */
  apply(values: Float64Array, first: number, stride: number): void {
    const { length, spacing, squares, peaks, starts } = this;
    const unit = spacing * spacing;
    let last = -1;
    for (let q = 0, i = first; q < length; q++, i += stride) {
      const square = values[i]!;
      if (square === Number.POSITIVE_INFINITY) continue;
      squares[q] = square;
      let start = Number.NEGATIVE_INFINITY;
      for (; last >= 0; last--) {
        const p = peaks[last]!;
        start = (square - squares[p]!) / (2 * unit * (q - p)) + (q + p) / 2;
        if (start > starts[last]!) break;
        start = Number.NEGATIVE_INFINITY;
      }
      last++;
      peaks[last] = q;
      starts[last] = start;
    }
    if (last < 0) return; // no seed anywhere: every point holds Infinity
    for (let x = 0, at = 0, i = first; x < length; x++, i += stride) {
      while (at < last && starts[at + 1]! <= x) at++;
      const along = (x - peaks[at]!) * spacing;
      values[i] = squares[peaks[at]!]! + along * along;
    }
  }
}
