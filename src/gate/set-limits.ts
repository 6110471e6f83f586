import type { LabelFacts } from "./facts.ts";
import type { GateSettings } from "./settings.ts";

/** What is usual in a set, of a positive quantity that varies by factors. */
export interface UsualValue {
  readonly median: number;
  /** Robust standard deviation of the logarithm: 1.4826 times the median absolute deviation, but not below a floor. */
  readonly logDeviation: number;
}

/** What is usual in a set of pseudo-labels, found from the set itself. Null where too few have the quantity to say. */
export interface SetLimits {
  /** Share of the image that is foreground, of masks that have some. */
  readonly size: UsualValue | null;
  /** 1 - mean pairwise DSC of the members. */
  readonly disagreement: UsualValue | null;
  /** 1 - mean DSC with the masks of noised embeddings. */
  readonly instability: UsualValue | null;
  /** Number of parts. */
  readonly expectedParts: number;
}

/** The median absolute deviation times this is the standard deviation, for normally distributed values. */
const ofNormal = 1.4826;
/** Images that a set must have to say what is usual. */
const fewest = 8;
/** Floor of the robust standard deviation of areas: the field of view alone changes lengths by a tenth, and areas by a fifth. */
const leastOfSize = Math.log(1.2);
/** Floor for 1 - DSC: a factor of √2 says little about so small a number. */
const leastOfDoubt = Math.log(Math.SQRT2);
/** Smaller values of 1 - DSC are as good as none: pixels along the outline make as much. */
const smallestDoubt = 0.05;

/**
 * The limits of a set: medians and median absolute deviations of logarithms, as up to half of the pseudo-labels may be wrong.
 * Give only masks of one target: sizes of lungs say nothing about those of tumours.
 */
export function setLimits(facts: readonly LabelFacts[], { expectedParts }: Pick<GateSettings, "expectedParts">): SetLimits {
  const found = facts.filter(({ areaFraction }) => areaFraction > 0);
  const doubts = (values: readonly (number | null)[]) => values.flatMap((value) => (value === null ? [] : [doubtOf(value)]));
  return {
    size: usual(
      found.map(({ areaFraction }) => areaFraction),
      leastOfSize,
    ),
    disagreement: usual(doubts(facts.map(({ agreement }) => agreement)), leastOfDoubt),
    instability: usual(doubts(facts.map(({ stability }) => stability)), leastOfDoubt),
    expectedParts: expectedParts ?? Math.max(1, Math.floor(median(found.map(({ partAreasPx }) => partAreasPx.length)))),
  };
}

/** 1 - DSC, and not below what the outline alone makes. */
export const doubtOf = (dsc: number): number => Math.max(smallestDoubt, 1 - dsc);

/** By how many robust standard deviations a value exceeds the usual one; negative below it. */
export function deviationsOf(value: number, { median, logDeviation }: UsualValue): number {
  return Math.log(value / median) / logDeviation;
}

function usual(values: readonly number[], floor: number): UsualValue | null {
  if (values.length < fewest) return null;
  const logs = values.map(Math.log);
  const centre = median(logs);
  const deviation = ofNormal * median(logs.map((log) => Math.abs(log - centre)));
  return { median: Math.exp(centre), logDeviation: Math.max(floor, deviation) };
}

/** The middle value, or the mean of the two in the middle; 0 of nothing. */
function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
