export { roundHalfEven } from "../../round-half-even.ts";

/** NumPy's percentile, interpolated linearly, to the last bit. @param percent - in [0, 100] */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  const share = position - Math.floor(position);
  // From the nearer end, as NumPy does.
  return share < 0.5 ? below + (above - below) * share : above - (above - below) * (1 - share);
}

/** NumPy's median: the mean of the two middle values of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
