/** Fraction of the speed of a plain matrix product that full models reach on an idle machine: measured 0.7 to 0.9 on CPUs (see `bench`). Tiny models reach less. */
const efficiency = 0.8;

/**
 * Estimated run time of a model.
 *
 * @param flops - operations of its graphs, from `flopsOf`
 * @param speed - of this machine in operations per second, from `gemmSpeed`
 */
export function secondsOf(flops: number, speed: number): number {
  return flops / (speed * efficiency);
}

/** An estimated time: "3 ms", "4.2 s", "38 s", "25 min", "10 h". */
export function shortSeconds(seconds: number): string {
  if (seconds < 0.095) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
