import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { bootstrapMean, intervalText, mean, median, quantile, std } from "./statistics.ts";

const samples = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });

test("by hand: 1, 2, 3, 6", () => {
  const values = [6, 1, 3, 2];
  expect(mean(values)).toBe(3);
  expect(std(values)).toBe(Math.sqrt((9 + 4 + 0 + 1) / 3));
  expect(median(values)).toBe(2.5);
  expect([0, 0.25, 0.5, 1].map((q) => quantile(values, q))).toEqual([1, 1.75, 2.5, 6]);
  expect(values, "the argument is not sorted in place").toEqual([6, 1, 3, 2]);
});

test("numbers are sorted as numbers", () => expect(median([10, 9, 100])).toBe(10));

test("nothing has no mean, one value has no deviation", () => {
  expect([mean([]), std([]), std([1]), median([]), ...bootstrapMean([], { name: "a", seed: 1 })].every(Number.isNaN)).toBe(true);
  expect(median([4])).toBe(4);
});

test("infinite distances keep their place in a quantile", () => {
  expect(median([1, Infinity, Infinity])).toBe(Infinity);
  expect(quantile([1, 2, Infinity], 0.5)).toBe(2);
});

test("invalid settings are refused", () => {
  expect(() => quantile([1], 95)).toThrow(ConfigError);
  expect(() => bootstrapMean([1], { name: "a", seed: 1, confidence: 95 })).toThrow("confidence must be in (0, 1), got 95");
  expect(() => bootstrapMean([1], { name: "a", seed: 1, resamples: 0 })).toThrow("at least one resample is needed, got 0");
});

test("the bootstrap interval is repeatable, ordered and inside the range of the values", () => {
  fc.assert(
    fc.property(samples, (values) => {
      const options = { name: "method", seed: 3, resamples: 50 };
      const [low, high] = bootstrapMean(values, options);
      expect(bootstrapMean(values, options)).toEqual([low, high]);
      expect(low).toBeLessThanOrEqual(high);
      expect(low).toBeGreaterThanOrEqual(Math.min(...values) - 1e-12);
      expect(high).toBeLessThanOrEqual(Math.max(...values) + 1e-12);
    }),
  );
});

test("equal values have an interval of no width", () => {
  expect(bootstrapMean([0.5, 0.5, 0.5], { name: "a", seed: 1 })).toEqual([0.5, 0.5]);
});

test("another seed or name draws other resamples", () => {
  const values = [0.1, 0.5, 0.9, 0.3, 0.7];
  const [a, b, c] = [
    { name: "x", seed: 1 },
    { name: "x", seed: 2 },
    { name: "y", seed: 1 },
  ].map((options) => bootstrapMean(values, { ...options, resamples: 20 }));
  expect(a).not.toEqual(b);
  expect(a).not.toEqual(c);
});

test("an interval of fewer than five values is not shown", () => {
  const text = (value: number) => value.toFixed(2);
  expect(intervalText([0.5, 0.75], 5, text)).toBe("0.50 to 0.75");
  expect(intervalText([0.5, 0.75], 4, text)).toBe("-");
  expect(intervalText(null, 9, text)).toBe("-");
});
