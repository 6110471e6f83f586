/** A value distribution with weights: one entry a distinct value, ascending. */
export interface WeightedValues {
  readonly values: Float32Array;
  readonly weights: Float64Array;
}

/** The distinct values of a list and how often each occurs. @param sorted - ascending */
export function counted(sorted: Float32Array): WeightedValues {
  let distinct = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++;
  const values = new Float32Array(distinct);
  const weights = new Float64Array(distinct);
  let at = -1;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) values[++at] = sorted[i]!;
    weights[at]!++;
  }
  return { values, weights };
}

/** Both distributions in one; weights of equal values are added. @param scale - factor of the weights of `b` */
export function merged(a: WeightedValues, b: WeightedValues, scale: number): WeightedValues {
  const values = new Float32Array(a.values.length + b.values.length);
  const weights = new Float64Array(values.length);
  let [i, j, at] = [0, 0, 0];
  while (i < a.values.length || j < b.values.length) {
    const [left, right] = [a.values[i] ?? Number.POSITIVE_INFINITY, b.values[j] ?? Number.POSITIVE_INFINITY];
    values[at] = Math.min(left, right);
    if (left <= right) weights[at]! += a.weights[i++]!;
    if (right <= left) weights[at]! += scale * b.weights[j++]!;
    at++;
  }
  return { values: values.slice(0, at), weights: weights.slice(0, at) };
}

/** Weights are sums of fractions; a share that they reach but for rounding is reached. */
const rounding = 1e-9;

/** The smallest value below or at which at least `percent` of the weight lies. */
export function weightedPercentile({ values, weights }: WeightedValues, percent: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const share = (percent / 100) * total * (1 - rounding);
  let below = 0;
  for (let i = 0; i < values.length; i++) {
    below += weights[i]!;
    if (below >= share) return values[i]!;
  }
  return values.at(-1)!;
}
