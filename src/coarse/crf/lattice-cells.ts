import { ConfigError } from "../../errors.ts";
import { sortedKeys } from "./sorted-keys.ts";

/** Where points lie in the permutohedral lattice. */
export interface LatticeCells {
  /** [N, d + 1] the lattice points at the corners of a point's cell, by number from 1; column k has those of remainder k. */
  readonly corners: Int32Array;
  /** [N, d + 1] barycentric weights of the corners; they add up to 1. */
  readonly weights: Float32Array;
  /** [d + 1] the keys of the lattice points of each remainder, ascending. They are numbered in this order, remainder 0 first. */
  readonly keys: readonly Float64Array[];
  /** [d] the place value of each quotient in a key. */
  readonly places: Float64Array;
}

/**
 * The cells of points in the permutohedral lattice.
 *
 * The lattice lies in the plane of d + 1 coordinates that add up to 0. All coordinates of a lattice point have the same remainder modulo
 * d + 1, so that it is known by the remainder and d quotients, here as the digits of one whole number, its key. A cell is a simplex with
 * one corner of each remainder: from the corner of remainder 0, going to the next remainder lowers the quotients by 1, one after the other,
 * in the order of the point's distances from it.
 *
 * @param features - [N, d] in standard deviations of the Gaussian
 * @see Adams, Baek, Davis 2010, doi:10.1111/j.1467-8659.2009.01645.x, section 4 and appendix A
 * @remarks Lattice points are found by sorting instead of hashing: neighbours are then found by merging, and those that are close in space
 *   are close in memory. Positions are float32, as in the reference: which corners exist decides where a blur ends, and a corner of weight
 *   0 counts.
 */
export function latticeCells(features: Float32Array, d: number): LatticeCells {
  const sides = d + 1;
  const size = features.length / d;
  const corners = new Int32Array(size * sides);
  const weights = new Float32Array(size * sides);
  const cell = new Cell(d);
  const { places, origin, limit } = codeOf(features, cell.scales);
  const columns = Array.from({ length: sides }, () => new Float64Array(size));
  const [ofRemainder0] = columns as [Float64Array];
  // How a key changes where a quotient is lowered. The last one is in no key.
  const steps = Float64Array.from({ length: sides }, (_, i) => places[i] ?? 0);
  const { quotient, ofRank, sorted } = cell;
  for (let n = 0, at = 0; n < size; n++, at += sides) {
    cell.enclose(features, n * d);
    let key = origin;
    for (let i = 0; i < d; i++) key += quotient[i]! * places[i]!;
    ofRemainder0[n] = key;
    weights[at] = sorted[d]! + 1 - sorted[0]!;
    for (let k = 1; k < sides; k++) {
      key -= steps[ofRank[sides - k]!]!;
      columns[k]![n] = key;
      weights[at + k] = sorted[d - k]! - sorted[sides - k]!;
    }
  }
  let count = 0;
  const keys = columns.map((column, k) => {
    const points = sortedKeys(column, limit);
    const before = count;
    let last = -1;
    for (let i = 0; i < size; i++) {
      const key = points.keys[i]!;
      if (key !== last) {
        points.keys[count - before] = key;
        count++;
        last = key;
      }
      corners[points.order[i]! * sides + k] = count;
    }
    return points.keys.slice(0, count - before);
  });
  return { corners, weights, keys, places };
}

/** The cell that encloses a point, found again for each point in the same arrays. */
class Cell {
  /** [d + 1] the coordinates of the corner of remainder 0, divided by d + 1. */
  readonly quotient: Int32Array;
  /** [d + 1] the coordinates in the order of their distances from that corner, the largest first. */
  readonly ofRank: Int32Array;
  /** [d + 1] these distances, in steps of d + 1. */
  readonly sorted: Float32Array;
  /** [d] what features are multiplied with: a blur of the lattice then has standard deviation 1. */
  readonly scales: Float32Array;
  private readonly elevated: Float32Array;
  private readonly residual: Float32Array;
  private readonly rank: Int32Array;

  constructor(d: number) {
    const unit = Math.fround(Math.sqrt(2 / 3) * (d + 1));
    this.scales = Float32Array.from({ length: d }, (_, i) => (1 / Math.sqrt((i + 1) * (i + 2))) * unit);
    this.quotient = new Int32Array(d + 1);
    this.ofRank = new Int32Array(d + 1);
    this.sorted = new Float32Array(d + 1);
    this.elevated = new Float32Array(d + 1);
    this.residual = new Float32Array(d + 1);
    this.rank = new Int32Array(d + 1);
  }

  /** @param at - where the features of the point begin */
  enclose(features: Float32Array, at: number): void {
    const { quotient, ofRank, sorted, scales, elevated, residual, rank } = this;
    const d = scales.length;
    const sides = d + 1;
    const inverse = Math.fround(1 / sides);
    // Into the plane.
    let sum = 0;
    for (let i = d; i > 0; i--) {
      const scaled = Math.fround(features[at + i - 1]! * scales[i - 1]!);
      elevated[i] = sum - Math.fround(i * scaled);
      sum = Math.fround(sum + scaled);
    }
    elevated[0] = sum;

    // Each coordinate rounded to a multiple of d + 1, and the order of what is left.
    let excess = 0;
    for (let i = 0; i < sides; i++) {
      const steps = Math.floor(Math.fround(elevated[i]! * inverse) + 0.5);
      quotient[i] = steps;
      excess += steps;
      residual[i] = elevated[i]! - steps * sides;
      rank[i] = 0;
    }
    for (let i = 0; i < d; i++) {
      const own = residual[i]!;
      for (let j = i + 1; j < sides; j++) {
        const isLess = own < residual[j]! ? 1 : 0;
        rank[i]! += isLess;
        rank[j]! += 1 - isLess;
      }
    }
    // The rounded coordinates have to add up to 0: those that were rounded furthest go to the other side.
    for (let i = 0; i < sides; i++) {
      let place = rank[i]! + excess;
      if (place < 0) {
        place += sides;
        quotient[i]! += 1;
      } else if (place > d) {
        place -= sides;
        quotient[i]! -= 1;
      }
      ofRank[place] = i;
      sorted[place] = Math.fround(elevated[i]! - quotient[i]! * sides) * inverse;
    }
  }
}

/** How quotients become one whole number. */
interface Code {
  readonly places: Float64Array;
  /** The key of the point whose quotients are 0. */
  readonly origin: number;
  /** All keys are below. */
  readonly limit: number;
}

/**
 * A code for all points within three steps of the features' bounds: rounding, the other corners and a step of the blur go no further.
 *
 * @throws ConfigError when there are more of them than keys
 */
function codeOf(features: Float32Array, scales: Float32Array): Code {
  const d = scales.length;
  const lowest = new Float64Array(d).fill(Number.POSITIVE_INFINITY);
  const highest = new Float64Array(d).fill(Number.NEGATIVE_INFINITY);
  for (let at = 0; at < features.length; at += d) {
    for (let i = 0; i < d; i++) {
      const feature = features[at + i]!;
      if (feature < lowest[i]!) lowest[i] = feature;
      if (feature > highest[i]!) highest[i] = feature;
    }
  }
  const places = new Float64Array(d);
  let [origin, limit] = [0, 1];
  for (let i = d - 1; i >= 0; i--) {
    // Coordinate i is the sum of the scaled features from i on, less i times the one before.
    let [low, high] = i === 0 ? [0, 0] : [-i * highest[i - 1]! * scales[i - 1]!, -i * lowest[i - 1]! * scales[i - 1]!];
    for (let j = i; j < d; j++) {
      low += lowest[j]! * scales[j]!;
      high += highest[j]! * scales[j]!;
    }
    const from = Math.floor(low / (d + 1)) - 3;
    places[i] = limit;
    origin -= from * limit;
    limit *= Math.ceil(high / (d + 1)) + 4 - from;
  }
  if (limit > Number.MAX_SAFE_INTEGER) {
    throw new ConfigError(
      "crf: the scales are too fine for an image of this size: positions and colours have more steps than can be numbered. Pass a larger --gaussian-sxy, --bilateral-sxy or --bilateral-srgb, or a smaller image.",
    );
  }
  return { places, origin, limit };
}
