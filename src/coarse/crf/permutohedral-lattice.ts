import { latticeCells, type PointCode } from "./lattice-cells.ts";
import { sortedOrder } from "./sorted-order.ts";

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
  /** The lattice points in the order of their keys, along each axis. */
  private readonly axes: readonly Neighbours[];

  /** @param features - [N, d] in standard deviations of the Gaussian */
  constructor(features: Float32Array, d: number) {
    const { corners, weights, points, code } = latticeCells(features, d);
    this.sides = d + 1;
    this.weights = weights;
    // In the order of their keys, points that are close have close numbers, and neighbours can be found by merging.
    const unsorted = points.all();
    const order = sortedOrder(unsorted, code.limit);
    const keys = new Float64Array(order.length);
    const places = new Int32Array(order.length);
    for (let i = 0; i < order.length; i++) {
      keys[i] = unsorted[order[i]!]!;
      places[order[i]!] = i + 1;
    }
    for (let i = 0; i < corners.length; i++) corners[i] = places[corners[i]!]!;
    this.corners = corners;
    this.axes = Array.from({ length: d + 1 }, (_, axis) => neighboursOf(keys, code, axis));
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

/** [1 + M] the points one step up and one step down an axis, by place from 1; 0 where there is none. */
interface Neighbours {
  readonly up: Int32Array;
  readonly down: Int32Array;
}

/**
 * The neighbours of points along an axis. A step up lowers all coordinates by 1 and raises that of the axis by d + 1; the remainder becomes
 * one less, and where it was 0, all quotients become one less.
 *
 * @param keys - ascending
 */
function neighboursOf(keys: Float64Array, { quotients, remainder }: PointCode, axis: number): Neighbours {
  const [up, down] = [new Int32Array(keys.length + 1), new Int32Array(keys.length + 1)];
  const own = quotients[axis] ?? 0;
  // Keys whose remainder is 0 come first. The same shift for all keeps the order.
  const link = (from: number, to: number, shift: number) => {
    let place = 0;
    for (let i = from; i < to; i++) {
      const wanted = keys[i]! + shift;
      while (place < keys.length && keys[place]! < wanted) place++;
      if (keys[place] !== wanted) continue;
      up[i + 1] = place + 1;
      down[place + 1] = i + 1;
    }
  };
  let zeros = 0;
  while (keys[zeros]! < remainder) zeros++;
  const all = quotients.reduce((sum, place) => sum + place, 0);
  link(0, zeros, quotients.length * remainder - all + own);
  link(zeros, keys.length, own - remainder);
  return { up, down };
}
