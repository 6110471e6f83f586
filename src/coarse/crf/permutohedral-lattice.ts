import { latticeCells } from "./lattice-cells.ts";

/**
 * A Gaussian filter over N points with d features, in time that is linear in N: each value is spread to the corners of the lattice cell in
 * which its point lies, the lattice is blurred along its d + 1 axes, and the result is read back from the corners.
 *
 *   out_i ≈ Σ_j exp(-|f_i - f_j|² / 2) in_j
 *
 * @see Adams, Baek, Davis 2010, doi:10.1111/j.1467-8659.2009.01645.x; as the filter of a CRF: Krähenbühl, Koltun 2011, arXiv:1210.5644
 * @remarks Only points at a corner of some cell are in the lattice, and a blur ends where there is none: values differ from the sum above.
 */
export class PermutohedralLattice {
  /** d + 1: corners of a cell, and axes. */
  private readonly sides: number;
  /** [N, d + 1] */
  private readonly corners: Int32Array;
  private readonly weights: Float32Array;
  /** Along each axis. */
  private readonly axes: readonly Neighbours[];

  /** @param features - [N, d] in standard deviations of the Gaussian */
  constructor(features: Float32Array, d: number) {
    const { corners, weights, keys, places } = latticeCells(features, d);
    this.sides = d + 1;
    this.corners = corners;
    this.weights = weights;
    this.axes = Array.from({ length: d + 1 }, (_, axis) => neighboursOf(keys, places, axis));
  }

  /** Filters one value a point. @param values - [N] */
  filter(values: Float32Array): Float32Array<ArrayBuffer> {
    const { sides, corners, weights, axes } = this;
    const size = values.length;
    let lattice = new Float32Array(axes[0]!.up.length);
    for (let n = 0, at = 0; n < size; n++) {
      const value = values[n]!;
      for (let k = 0; k < sides; k++, at++) lattice[corners[at]!]! += value * weights[at]!;
    }
    let blurred = new Float32Array(lattice.length);
    for (const { up, down } of axes) {
      for (let point = 1; point < lattice.length; point++) {
        blurred[point] = lattice[point]! + 0.5 * (lattice[up[point]!]! + lattice[down[point]!]!);
      }
      [lattice, blurred] = [blurred, lattice];
    }
    // Blurs with weights ½, 1, ½ make a sum larger; this brings it to that of the Gaussian.
    const scale = 1 / (1 + 2 ** (1 - sides));
    const result = new Float32Array(size);
    for (let n = 0, at = 0; n < size; n++) {
      let value = 0;
      for (let k = 0; k < sides; k++, at++) value += lattice[corners[at]!]! * weights[at]!;
      result[n] = value * scale;
    }
    return result;
  }
}

/** [1 + M] the points one step up and one step down an axis, by number; 0 where there is none. */
interface Neighbours {
  readonly up: Int32Array;
  readonly down: Int32Array;
}

/**
 * The neighbours of points along an axis. A step up lowers all coordinates by 1 and raises that of the axis by d + 1: it goes to the
 * remainder before and one quotient up; from remainder 0 it goes to remainder d, and all quotients become one less.
 *
 * @param keys - of each remainder, ascending
 */
function neighboursOf(keys: readonly Float64Array[], places: Float64Array, axis: number): Neighbours {
  const starts = [0];
  for (const own of keys) starts.push(starts.at(-1)! + own.length);
  const [up, down] = [new Int32Array(starts.at(-1)! + 1), new Int32Array(starts.at(-1)! + 1)];
  const own = places[axis] ?? 0;
  const all = places.reduce((sum, place) => sum + place, 0);
  for (const [remainder, from] of keys.entries()) {
    const other = remainder > 0 ? remainder - 1 : keys.length - 1;
    link(from, keys[other]!, remainder > 0 ? own : own - all, (i, j) => {
      up[starts[remainder]! + i + 1] = starts[other]! + j + 1;
      down[starts[other]! + j + 1] = starts[remainder]! + i + 1;
    });
  }
  return { up, down };
}

/** All pairs with to[j] = from[i] + shift: the same shift for all keeps the order, so both lists are walked once. */
function link(from: Float64Array, to: Float64Array, shift: number, found: (i: number, j: number) => void): void {
  for (let i = 0, j = 0; i < from.length; i++) {
    const wanted = from[i]! + shift;
    while (j < to.length && to[j]! < wanted) j++;
    if (j < to.length && to[j] === wanted) found(i, j);
  }
}
