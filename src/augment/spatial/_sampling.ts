import { type Size, splineCoefficients, splineWeights } from "../../image/index.ts";
import type { Grid } from "./_grid.ts";

/** Keeps positions inside of the image, so that its edge pixels are what lies outside. */
export function clampToEdge(grid: Grid, { width, height }: Size): void {
  for (let i = 0; i < grid.y.length; i++) {
    grid.y[i] = Math.min(height - 1, Math.max(0, grid.y[i]!));
    grid.x[i] = Math.min(width - 1, Math.max(0, grid.x[i]!));
  }
}

/** Moves positions beyond the centres of the edge pixels out of the image, where no pixel has a weight: scipy's mode "constant". */
export function dropBeyondCentres(grid: Grid, { width, height }: Size): void {
  const far = -2;
  for (let i = 0; i < grid.y.length; i++) {
    const [y, x] = [grid.y[i]!, grid.x[i]!];
    if (!(y >= 0 && y <= height - 1 && x >= 0 && x <= width - 1)) grid.y[i] = far;
  }
}

/** Bilinear interpolation at each position; pixels outside of the plane have the value `outside`, as in torch's `grid_sample`. */
export function sampleLinear(plane: Float32Array, { width, height }: Size, grid: Grid, outside: number, out: Float32Array): void {
  const { y: ys, x: xs } = grid;
  for (let i = 0; i < ys.length; i++) {
    const y = Math.floor(ys[i]!);
    const x = Math.floor(xs[i]!);
    const fy = ys[i]! - y;
    const fx = xs[i]! - x;
    const at = y * width + x;
    let [a, b, c, d] = [outside, outside, outside, outside]; // above left, above right, below left, below right
    if (y >= 0 && y < height - 1 && x >= 0 && x < width - 1) {
      a = plane[at]!;
      b = plane[at + 1]!;
      c = plane[at + width]!;
      d = plane[at + width + 1]!;
    } else {
      const [above, below] = [y >= 0 && y < height, y >= -1 && y < height - 1];
      const [left, right] = [x >= 0 && x < width, x >= -1 && x < width - 1];
      if (above && left) a = plane[at]!;
      if (above && right) b = plane[at + 1]!;
      if (below && left) c = plane[at + width]!;
      if (below && right) d = plane[at + width + 1]!;
    }
    out[i] = (a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy;
  }
}

/** A binary mask at each position: 1 where the bilinear value exceeds 0.5. Pixels outside are 0. */
export function sampleMask(mask: Uint8Array, { width, height }: Size, grid: Grid, out: Uint8Array): void {
  const { y: ys, x: xs } = grid;
  for (let i = 0; i < ys.length; i++) {
    const y = Math.floor(ys[i]!);
    const x = Math.floor(xs[i]!);
    if (y < -1 || y >= height || x < -1 || x >= width) continue;
    const at = y * width + x;
    const [left, right] = [x >= 0, x < width - 1];
    const a = y >= 0 && left ? mask[at]! : 0;
    const b = y >= 0 && right ? mask[at + 1]! : 0;
    const c = y < height - 1 && left ? mask[at + width]! : 0;
    const d = y < height - 1 && right ? mask[at + width + 1]! : 0;
    const sum = a + b + c + d;
    if (sum === 0) continue;
    const fy = ys[i]! - y;
    const fx = xs[i]! - x;
    out[i] = sum === 4 || (a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy > 0.5 ? 1 : 0;
  }
}

/** The interpolating cubic spline at each position, as scipy's `map_coordinates` of order 3; `outside` where the position was dropped. */
export function sampleCubic(plane: Float32Array, { width, height }: Size, grid: Grid, outside: number, out: Float32Array): void {
  const coefficients = splineCoefficients(plane, height, width);
  const { y: ys, x: xs } = grid;
  const [down, across] = [new Float64Array(4), new Float64Array(4)];
  const columns = new Int32Array(4);
  for (let i = 0; i < ys.length; i++) {
    const y = ys[i]!;
    const x = xs[i]!;
    if (y < 0) {
      out[i] = outside;
      continue;
    }
    const [top, left] = [Math.floor(y), Math.floor(x)];
    splineWeights(y - top, down);
    splineWeights(x - left, across);
    for (let k = 0; k < 4; k++) columns[k] = mirrored(left - 1 + k, width);
    let sum = 0;
    for (let j = 0; j < 4; j++) {
      const row = mirrored(top - 1 + j, height) * width;
      let line = 0;
      for (let k = 0; k < 4; k++) line += across[k]! * coefficients[row + columns[k]!]!;
      sum += down[j]! * line;
    }
    out[i] = sum;
  }
}

/** The pixel that stands at `i`, at most two beyond an edge, of an axis mirrored without its edge pixels. */
function mirrored(i: number, length: number): number {
  if (length === 1) return 0;
  const at = i < 0 ? -i : i >= length ? 2 * length - 2 - i : i;
  return Math.max(0, Math.min(length - 1, at));
}

/** The label at each position: the one with the greatest bilinear weight, the smaller of equal ones. Pixels outside have the label `outside`. */
export function sampleLabels(plane: Int16Array, { width, height }: Size, grid: Grid, outside: number, out: Int16Array): void {
  const { y: ys, x: xs } = grid;
  for (let i = 0; i < ys.length; i++) {
    const y = Math.floor(ys[i]!);
    const x = Math.floor(xs[i]!);
    const fy = ys[i]! - y;
    const fx = xs[i]! - x;
    const at = y * width + x;
    const [above, below] = [y >= 0 && y < height, y >= -1 && y < height - 1];
    const [left, right] = [x >= 0 && x < width, x >= -1 && x < width - 1];
    const a = above && left ? plane[at]! : outside;
    const b = above && right ? plane[at + 1]! : outside;
    const c = below && left ? plane[at + width]! : outside;
    const d = below && right ? plane[at + width + 1]! : outside;
    if (a === b && b === c && c === d) {
      out[i] = a;
      continue;
    }
    const [pa, pb, pc, pd] = [(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx];
    // The weight of a label is the sum over the pixels that have it.
    const wa = pa + (b === a ? pb : 0) + (c === a ? pc : 0) + (d === a ? pd : 0);
    const wb = pb + (a === b ? pa : 0) + (c === b ? pc : 0) + (d === b ? pd : 0);
    const wc = pc + (a === c ? pa : 0) + (b === c ? pb : 0) + (d === c ? pd : 0);
    const wd = pd + (a === d ? pa : 0) + (b === d ? pb : 0) + (c === d ? pc : 0);
    let best = a;
    let most = wa;
    if (wb > most || (wb === most && b < best)) [most, best] = [wb, b];
    if (wc > most || (wc === most && c < best)) [most, best] = [wc, c];
    if (wd > most || (wd === most && d < best)) best = d;
    out[i] = best;
  }
}
