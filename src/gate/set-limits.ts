import type { LabelFacts } from "./facts.ts";
import type { GateSettings } from "./settings.ts";

/** The usual size of a set's masks. */
export interface SizeLimits {
  /** Median share of the image that is foreground, as the exponential of the median of its logarithm. */
  readonly medianFraction: number;
  /** Robust standard deviation of the logarithm: 1.4826 times the median absolute deviation, at least `leastLogDeviation`. */
  readonly logDeviation: number;
}

/** What is usual in a set of pseudo-labels, found from the set itself. */
export interface SetLimits {
  /** Null for sets with too few masks to say what is usual. */
  readonly size: SizeLimits | null;
  readonly expectedParts: number;
}

/** The median absolute deviation times this is the standard deviation, for normally distributed values. */
const ofNormal = 1.4826;
/** Areas that differ by less than 10 % are one size: a set of almost equal masks has no outliers for that. */
export const leastLogDeviation = 0.1;
/** Masks with foreground that a set must have for limits of size. */
export const fewestMasks = 8;

/**
 * The limits of a set. Logarithms, as areas vary by factors; median and median absolute deviation, as up to half of the pseudo-labels may be wrong.
 * Give only masks of one target: sizes of lungs say nothing about those of tumours.
 */
export function setLimits(facts: readonly LabelFacts[], { expectedParts }: Pick<GateSettings, "expectedParts">): SetLimits {
  const found = facts.filter(({ areaFraction }) => areaFraction > 0);
  return {
    size: found.length < fewestMasks ? null : sizeLimits(found.map(({ areaFraction }) => Math.log(areaFraction))),
    expectedParts: expectedParts ?? Math.max(1, Math.floor(median(found.map(({ partAreasPx }) => partAreasPx.length)))),
  };
}

function sizeLimits(logs: readonly number[]): SizeLimits {
  const centre = median(logs);
  const deviation = ofNormal * median(logs.map((log) => Math.abs(log - centre)));
  return { medianFraction: Math.exp(centre), logDeviation: Math.max(leastLogDeviation, deviation) };
}

/** The middle value, or the mean of the two in the middle; 0 of nothing. */
function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
