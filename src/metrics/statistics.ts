import { ConfigError } from "../errors.ts";
import { uniform } from "../tensor/random.ts";

/** Arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation of a sample, with n - 1; NaN of fewer than two values. */
export function std(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/**
 * The value below which the share `q` of a sample lies, interpolated linearly between neighbours (position q (n - 1)); NaN of nothing.
 *
 * @throws ConfigError when q is not in [0, 1]
 */
export function quantile(values: readonly number[], q: number): number {
  if (!(q >= 0 && q <= 1)) throw new ConfigError(`quantile: the share must be in [0, 1], got ${q}`);
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  // Equal neighbours first: with two infinities the difference would be NaN.
  return below === above ? below : below + (above - below) * (position - Math.floor(position));
}

/** The middle value, or the mean of the two in the middle. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Fewest values whose interval is shown: resamples of fewer repeat the same few values, so that the interval is far too narrow. */
export const fewestForInterval = 5;

/** An interval in words, such as "0.51 to 0.72"; "-" where there is none, or where there are too few values for one. @param n - number of values */
export function intervalText(interval: readonly [low: number, high: number] | null, n: number, text: (value: number) => string): string {
  return interval && n >= fewestForInterval ? `${text(interval[0])} to ${text(interval[1])}` : "-";
}

/**
 * Percentile bootstrap interval of the mean: 95 % of the means of samples drawn with replacement lie in it.
 *
 * Resample b takes the indices floor(n u) with u from the stream "<seed>:bootstrap/<name>/<b>", so that any implementation draws the same.
 *
 * @param options.name - names the streams, for instance the method; equal names and lengths draw equal indices
 * @param options.resamples - default 2000
 * @param options.confidence - default 0.95
 * @returns [low, high]; both NaN without values
 * @see Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3
 */
export function bootstrapMean(
  values: readonly number[],
  options: { readonly name: string; readonly seed: number; readonly resamples?: number; readonly confidence?: number },
): [number, number] {
  const { name, seed, resamples = 2000, confidence = 0.95 } = options;
  if (!(confidence > 0 && confidence < 1)) throw new ConfigError(`bootstrapMean: the confidence must be in (0, 1), got ${confidence}`);
  if (!(Number.isInteger(resamples) && resamples > 0))
    throw new ConfigError(`bootstrapMean: at least one resample is needed, got ${resamples}`);
  const means = Array.from({ length: resamples }, (_, b) => {
    const stream = uniform(`bootstrap/${name}/${b}`, seed);
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(values.length * stream.at(i))]!;
    return sum / values.length;
  });
  return [quantile(means, (1 - confidence) / 2), quantile(means, (1 + confidence) / 2)];
}
