import fc from "fast-check";
import { expect, test } from "vitest";
import { percentilesOf, percentilesOfParts } from "./percentiles.ts";

test("a percentile between two ranks is interpolated", () => {
  // Ranks 0 to 4: the quarter is at rank 1, the middle of the lower half at 0.5.
  expect(percentilesOf(Int16Array.of(40, -10, 30, 0, 20), [0, 0.125, 0.25, 0.5, 1])).toEqual([-10, -5, 0, 20, 40]);
});

test("values that are not finite do not count", () => {
  expect(percentilesOf(Float32Array.of(Number.NaN, 1, Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY), [0, 0.5, 1])).toEqual([
    1, 2, 3,
  ]);
  expect(percentilesOf(Float32Array.of(Number.NaN), [0.5])).toEqual([Number.NaN]);
  expect(percentilesOf(new Uint8Array(0), [0.5])).toEqual([Number.NaN]);
});

test("the result is that of the sorted values, whatever their signs and sizes", () => {
  const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const sorted = Float32Array.from(list).sort();
      const position = share * (sorted.length - 1);
      const [below, above] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!];
      const [found] = percentilesOf(Float32Array.from(list), [share]);
      expect(found! + 0).toBe(below + (above - below) * (position % 1) + 0);
    }),
  );
});

test("values in parts have the percentiles of all of them", async () => {
  const parts = [Float32Array.of(40, Number.NaN), new Uint8Array(0), Int16Array.of(-10, 30, 0, 20)];
  const walk = async function* () {
    yield* parts;
  };
  const shares = [0, 0.125, 0.25, 0.5, 1];
  expect(await percentilesOfParts(walk, shares)).toEqual(percentilesOf(Float32Array.of(40, -10, 30, 0, 20), shares));
  expect(await percentilesOfParts(async function* () {}, [0.5])).toEqual([Number.NaN]);
});
