/**
 * A number with as few decimals as a sentence about it allows.
 *
 * @param decimals - the least of them
 * @param isTrue - whether the sentence is true of the number as it is shown
 * @example shortDecimal(0.4996, 2, (shown) => shown < 0.5) // "0.4996"
 */
export function shortDecimal(value: number, decimals: number, isTrue: (shown: number) => boolean): string {
  const shown = value.toFixed(decimals);
  return decimals === 100 || isTrue(Number(shown)) ? shown : shortDecimal(value, decimals + 1, isTrue);
}
