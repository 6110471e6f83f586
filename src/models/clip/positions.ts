import { concat, constant, matmul, reshape, slice, type Value } from "../../graph/index.ts";
import { tensor } from "../../tensor/tensor.ts";

/** Keys' cubic convolution with a = -0.5, as in antialiased resizing: how much a sample counts at a distance in samples. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** What each of `from` samples counts in each of `to`, row by row, [to, from]; where samples are dropped, the kernel widens (antialiasing). */
function resampling(from: number, to: number): number[][] {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const weights = Array.from({ length: from }, (_, j) => cubic((j + 0.5 - centre) / stretch));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.map((weight) => weight / sum);
  });
}

/**
 * A table of positions [1, 1 + g · g, D], the class token first, for a grid of another size, [1, 1 + G · G, D]: bicubic with antialiasing,
 * the class token as it is.
 *
 * @remarks As timm (`resample_abs_pos_embed`) and open_clip (`resize_pos_embed`) do when they load a table into a model of another size.
 *   Hugging Face's `interpolate_pos_encoding` uses a = -0.75 without antialiasing and differs by some percent of a table's deviation.
 */
export function resizedPositions(table: Value, from: number, to: number): Value {
  const axis = resampling(from, to);
  const cells = to * to * from * from;
  const weights = new Float32Array(cells);
  for (let i = 0; i < cells; i++) {
    const [row, column] = [Math.floor(i / (from * from)), i % (from * from)];
    weights[i] = axis[Math.floor(row / to)]![Math.floor(column / from)]! * axis[row % to]![column % from]!;
  }
  const width = table.shape[2]!;
  const patches = reshape(slice(table, 1, 1, 1 + from * from), [from * from, width]);
  const resized = matmul(constant(tensor("float32", [to * to, from * from], weights)), patches); // [G · G, D]
  return concat([slice(table, 1, 0, 1), reshape(resized, [1, to * to, width])], 1);
}
