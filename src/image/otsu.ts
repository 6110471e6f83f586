/** Classes lighter than this share of the pixels are not considered (the machine epsilon of float32). */
const smallestShare = 2 ** -23;

/**
 * Otsu's threshold of a histogram, as OpenCV computes it: foreground is what lies **above** it.
 *
 *   σ²(t) = q₁ q₂ (μ₁ - μ₂)²,   q and μ the share and mean of the levels up to t and above it;   the first t of the largest σ²
 *
 * A histogram with one level has no threshold; 0 is returned, as OpenCV does.
 *
 * @param histogram - pixels of each of 256 levels
 * @see Otsu 1979, doi:10.1109/TSMC.1979.4310076
 */
export function otsuThreshold(histogram: ArrayLike<number>): number {
  const share = 1 / Array.from(histogram).reduce((sum, count) => sum + count, 0);
  const mean = Array.from(histogram).reduce((sum, count, level) => sum + level * count, 0) * share;
  let best = 0;
  let largest = 0;
  let lower = 0; // q₁
  let lowerMean = 0; // μ₁
  for (let level = 0; level < histogram.length; level++) {
    const p = histogram[level]! * share;
    const sum = lowerMean * lower + level * p;
    const upper = 1 - (lower + p); // q₂
    const skipped = Math.min(lower + p, upper) < smallestShare;
    lowerMean = skipped ? lowerMean * lower : sum / (lower + p);
    lower += p;
    if (skipped) continue; // like OpenCV, which leaves such a level out of the mean too
    const upperMean = (mean - lower * lowerMean) / upper;
    const between = lower * upper * (lowerMean - upperMean) ** 2;
    if (between > largest) [largest, best] = [between, level];
  }
  return best;
}
