/** Two clusters of gray levels. */
export interface TwoMeans {
  /** Means of the darker and the brighter cluster, in levels 0..255. */
  readonly centres: readonly [number, number];
  /** The least level present that belongs to the brighter cluster. */
  readonly lowestForeground: number;
}

/**
 * The exact optimum of 2-means on the levels of a histogram, or undefined where there are fewer than two levels.
 *
 * Clusters of numbers on a line are split by one cut, so all cuts can be tried. With n and S the count and sum on each side,
 * the within-class sum of squares is least where the between-class one is largest:
 *
 *   (S₀ n₁ - S₁ n₀)² / (n₀ n₁)
 *
 * Fractions are compared exactly, in whole numbers; of equal cuts the lowest is taken. Levels then go to the nearer centre, and
 * to the darker one in the middle.
 *
 * @param histogram - pixels of each level, index = level
 * @remarks scikit-learn's k-means, which the released script uses, stops before the fixed point; its cut may lie a level beside.
 */
export function twoMeans(histogram: ArrayLike<number>): TwoMeans | undefined {
  const counts = Array.from(histogram, BigInt);
  const total = counts.reduce((sum, count) => sum + count, 0n);
  const totalSum = counts.reduce((sum, count, level) => sum + BigInt(level) * count, 0n);
  let best: { n0: bigint; s0: bigint; numerator: bigint; denominator: bigint } | undefined;
  let n0 = 0n;
  let s0 = 0n;
  for (let level = 0; level < counts.length; level++) {
    if (counts[level] === 0n) continue; // the same cut as the one below
    n0 += counts[level]!;
    s0 += BigInt(level) * counts[level]!;
    const n1 = total - n0;
    if (n1 === 0n) break;
    const numerator = (s0 * n1 - (totalSum - s0) * n0) ** 2n;
    const denominator = n0 * n1;
    if (best === undefined || numerator * best.denominator > best.numerator * denominator) best = { n0, s0, numerator, denominator };
  }
  if (best === undefined) return undefined;
  const n1 = total - best.n0;
  const s1 = totalSum - best.s0;
  const nearerBright = (level: number): boolean => 2n * BigInt(level) * best.denominator > best.s0 * n1 + s1 * best.n0;
  return {
    centres: [Number(best.s0) / Number(best.n0), Number(s1) / Number(n1)],
    lowestForeground: counts.findIndex((count, level) => count > 0n && nearerBright(level)),
  };
}
