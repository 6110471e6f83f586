import type { RandomStream } from "../tensor/random.ts";

/** The least and the greatest value of a parameter. */
export type Range = readonly [low: number, high: number];

/** The value of a range at u in [0, 1). */
export const between = ([low, high]: Range, u: number): number => low + (high - low) * u;

/**
 * A factor below 1 or above 1, with equal probability, uniform in each half: nnU-Net's law of contrast, brightness and gamma.
 * A range on one side of 1 is uniform.
 */
export function factorIn([low, high]: Range, half: number, u: number): number {
  if (low >= 1 || high <= 1) return between([low, high], u);
  return between(half < 0.5 ? [low, 1] : [1, high], u);
}

/** The numbers of a stream from an index on. */
export const from = (stream: RandomStream, first: number): RandomStream => ({ at: (index) => stream.at(first + index) });

/** One factor for each of `channels` channels. */
export const factorsIn = (u: RandomStream, range: Range, channels: number): number[] =>
  Array.from({ length: channels }, (_, c) => factorIn(range, u.at(2 * c), u.at(2 * c + 1)));

/** A seed of 32 bits, for streams that are too long to be recorded. */
export const seedFrom = (u: number): number => Math.floor(u * 2 ** 32);
