import { add, clip, div, mul, reduceSum, sqrt, type Value } from "../graph/index.ts";

/** Σ x² over all elements of some arrays, []. */
export function squaredNorm(arrays: readonly Value[]): Value {
  return arrays.map((x) => reduceSum(mul(x, x))).reduce((sum, part) => add(sum, part));
}

/** Length of the vector of all elements of some arrays, []. */
export function globalNorm(arrays: readonly Value[]): Value {
  return sqrt(squaredNorm(arrays));
}

/** Keeps the division finite, as in torch. */
const epsilon = 1e-6;

/**
 * The factor that brings gradients of a global norm down to a largest one: min(1, limit / (norm + 1e-6)).
 *
 * @see Pascanu et al. 2013, arXiv:1211.5063; in torch's form
 */
export function clipFactor(norm: Value, limit: number): Value {
  return clip(div(limit, add(norm, epsilon)), 0, 1);
}

/** The same of a norm that is known outside of a graph. */
export function clipFactorOf(norm: number, limit: number): number {
  return Math.min(1, limit / (norm + epsilon));
}
