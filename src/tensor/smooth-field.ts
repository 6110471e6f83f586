import { normal } from "./random.ts";

/**
 * A smooth random field [height · width], about standard normal at every pixel: normal deviates on a coarse grid, joined by cubic B-splines.
 *
 * @param cells - lengths of correlation along a row; the fewer, the smoother
 * @param cellsDown - the same along a column
 */
export function smoothField(
  name: string,
  seed: number,
  width: number,
  cells: number,
  cellsDown = cells,
  height = width,
): Float32Array<ArrayBuffer> {
  const [columns, rows] = [Math.ceil(cells) + 4, Math.ceil(cellsDown) + 4];
  const knots = normal(name, seed, columns * rows);
  const across = splineWeights(width, cells);
  const down = splineWeights(height, cellsDown);
  // A spline of independent deviates varies less than they do: by Σ w² along each axis, on average over a cell.
  const scale = 1 / meanSquare;
  const lines = new Float32Array(rows * width); // enlarged along x
  for (let row = 0; row < rows; row++) {
    for (let x = 0; x < width; x++) {
      const [first, weights] = across[x]!;
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += weights[k]! * knots[row * columns + first + k]!;
      lines[row * width + x] = sum * scale;
    }
  }
  const field = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const [first, [a, b, c, d]] = down[y]!;
    for (let x = 0; x < width; x++) {
      const at = first * width + x;
      field[y * width + x] = a * lines[at]! + b * lines[at + width]! + c * lines[at + 2 * width]! + d * lines[at + 3 * width]!;
    }
  }
  return field;
}

type Weights = readonly [number, number, number, number];

/** Mean over a cell of the sum of squared weights of a cubic B-spline. */
const meanSquare = 151 / 315;

/** For each pixel the first of its four knots and their weights. */
function splineWeights(size: number, cells: number): (readonly [first: number, weights: Weights])[] {
  return Array.from({ length: size }, (_, pixel) => {
    const position = ((pixel + 0.5) / size) * cells;
    const first = Math.floor(position);
    const t = position - first;
    return [first, [(1 - t) ** 3 / 6, (3 * t ** 3 - 6 * t ** 2 + 4) / 6, (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6, t ** 3 / 6]] as const;
  });
}
