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

  const squares = new Float64Array(columns); // g² of this row
  const peaks = new Int32Array(columns); // columns whose parabolas form the envelope
  const starts = new Float64Array(columns); // where each of them becomes the lowest, in columns
  const unit = columnSpacing * columnSpacing;
  for (let row = 0; row < rows; row++) {
    const offset = row * columns;
    let last = -1;
    for (let q = 0; q < columns; q++) {
      const vertical = distances[offset + q]! * rowSpacing;
      if (vertical === Number.POSITIVE_INFINITY) continue;
      squares[q] = vertical * vertical;
      let start = Number.NEGATIVE_INFINITY;
      for (; last >= 0; last--) {
        const p = peaks[last]!;
        start = (squares[q]! - squares[p]!) / (2 * unit * (q - p)) + (q + p) / 2;
        if (start > starts[last]!) break;
        start = Number.NEGATIVE_INFINITY;
      }
      last++;
      peaks[last] = q;
      starts[last] = start;
    }
    if (last < 0) continue; // no seed anywhere: every column holds Infinity
    for (let x = 0, at = 0; x < columns; x++) {
      while (at < last && starts[at + 1]! <= x) at++;
      const horizontal = (x - peaks[at]!) * columnSpacing;
      distances[offset + x] = Math.sqrt(squares[peaks[at]!]! + horizontal * horizontal);
    }
  }
  return distances;
}
