import { ConfigError } from "../errors.ts";
import { solve } from "./solve.ts";

/** A logistic model: p = σ(bias + w · x). */
export interface Logistic {
  readonly weights: readonly number[];
  readonly bias: number;
}

/** Newton's method doubles the right digits with each step; data with a ridge settle in about ten. */
const mostSteps = 50;
const settled = 1e-10;

/**
 * Logistic regression with a ridge on the weights, both classes counting the same:
 *
 *   min over w, b of  Σ_i c_i log(1 + exp(-y_i (b + w · x_i))) + λ / 2 |w|²,   y = ±1,   c_i = n / (2 · size of the class of i)
 *
 * by Newton's method (iteratively reweighted least squares). With the ridge there is one solution, also where a line parts the classes.
 *
 * @param rows - standardised, [n][K]
 * @param labels - 1 or 0, of both at least one
 * @throws ConfigError when a class has no row
 */
export function fitLogistic(rows: readonly (readonly number[])[], labels: readonly (0 | 1)[], { ridge = 1 } = {}): Logistic {
  const ones = labels.filter((label) => label === 1).length;
  if (ones === 0 || ones === labels.length) throw new ConfigError("fitLogistic: at least one row of each class is needed");
  const classWeight = [labels.length / (2 * (labels.length - ones)), labels.length / (2 * ones)];
  const size = rows[0]!.length + 1; // the bias comes last
  let model = new Float64Array(size);
  for (let step = 0; step < mostSteps; step++) {
    const gradient = new Float64Array(size);
    const hessian = Array.from({ length: size }, () => new Float64Array(size));
    for (const [i, row] of rows.entries()) {
      const x = [...row, 1];
      const p = 1 / (1 + Math.exp(-dot(model, x)));
      const weight = classWeight[labels[i]!]!;
      for (let j = 0; j < size; j++) {
        gradient[j]! += weight * (p - labels[i]!) * x[j]!;
        for (let k = 0; k < size; k++) hessian[j]![k]! += weight * p * (1 - p) * x[j]! * x[k]!;
      }
    }
    for (let j = 0; j < size - 1; j++) {
      gradient[j]! += ridge * model[j]!;
      hessian[j]![j]! += ridge;
    }
    hessian[size - 1]![size - 1]! += 1e-9; // all rows certain: the bias has no curvature left
    const move = solve(hessian, gradient);
    model = model.map((value, j) => value - move[j]!);
    if (move.every((value) => Math.abs(value) < settled)) break;
  }
  return { weights: [...model.subarray(0, -1)], bias: model.at(-1)! };
}

function dot(a: Float64Array, b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
