/**
 * Pearson's correlation of two lists of values, Σ (aᵢ - ā)(bᵢ - b̄) / √(Σ (aᵢ - ā)² Σ (bᵢ - b̄)²), in [-1, 1].
 *
 * @returns undefined where it is not defined: one of them is constant, or there are fewer than two values
 */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const [centreA, centreB] = [centreOf(a), centreOf(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - centreA, b[i]! - centreB];
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return ofA > 0 && ofB > 0 ? Math.max(-1, Math.min(1, both / Math.sqrt(ofA * ofB))) : undefined;
}

/**
 * Spearman's rank correlation: Pearson's of the ranks, where equal values share the mean of theirs.
 *
 * @returns undefined as `pearson`
 */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  return pearson(ranksOf(a), ranksOf(b));
}

function centreOf(values: ArrayLike<number>): number {
  // A constant list has its value as mean exactly, whatever the rounding of a sum.
  const first = values.length > 0 ? values[0]! : 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! - first;
  return first + sum / Math.max(1, values.length);
}

function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) ranks[order[k]!] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}
