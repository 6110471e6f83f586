import { expect } from "vitest";

/** Largest absolute difference; Infinity where the lengths differ or a value is not a number on one side only. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(difference) && Number.isNaN(actual[i]) !== Number.isNaN(expected[i])) return Number.POSITIVE_INFINITY;
    if (difference > largest) largest = difference;
  }
  return largest;
}

/** Asserts that two arrays agree within an absolute tolerance. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what = "arrays"): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  expect(largestDifference(actual, expected), `${what}: largest difference`).toBeLessThanOrEqual(tolerance);
}
