/** Longest decimal string (DS) in characters. */
const longest = 16;

/**
 * A number as a decimal string (DS): at most 16 characters, as exact as they allow, so that reading gives a number within 1e-9 of its size.
 *
 * @example decimalText(-66.04200010597229) // "-66.042000105972"
 */
export function decimalText(value: number): string {
  const exact = String(value);
  if (exact.length <= longest) return exact;
  for (let digits = 15; digits > 0; digits--) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= longest) return text;
  }
  return "0";
}
