import fc from "fast-check";
import { expect, test } from "vitest";
import { pointing, rocAuc } from "./localisation.ts";

const map = (values: readonly number[]) => ({ width: values.length, height: 1, data: Float32Array.from(values) });
const mask = (values: readonly number[]) => ({ width: values.length, height: 1, data: Uint8Array.from(values) });

test("the area under the curve is the share of ordered pairs", () => {
  expect(rocAuc(map([0.1, 0.4, 0.35, 0.8]), mask([0, 0, 1, 1]))).toBe(0.75);
  expect(rocAuc(map([1, 2, 3, 4]), mask([0, 0, 1, 1]))).toBe(1);
  expect(rocAuc(map([1, 1, 1]), mask([0, 1, 0]))).toBe(0.5);
  expect(rocAuc(map([1, 2]), mask([0, 0]))).toBeUndefined();
  expect(rocAuc(map([1, 2]), mask([1, 1]))).toBeUndefined();
});

test("it is what counting all pairs gives", () => {
  const pixels = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 })), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(pixels, (drawn) => {
      const of = (label: number) => drawn.filter(([, truth]) => truth === label).map(([value]) => value);
      const pairs = of(1).flatMap((high) => of(0).map((low) => (high > low ? 1 : high === low ? 0.5 : 0)));
      const expected = pairs.length > 0 ? pairs.reduce((sum: number, pair) => sum + pair, 0) / pairs.length : undefined;
      const found = rocAuc(map(drawn.map(([value]) => value)), mask(drawn.map(([, truth]) => truth)));
      if (expected === undefined) expect(found).toBeUndefined();
      else expect(found).toBeCloseTo(expected, 12);
    }),
  );
});

test("a map points at its highest value, or at several", () => {
  expect(pointing(map([0, 0.9, 0.2]), mask([0, 1, 0]))).toBe(1);
  expect(pointing(map([0, 0.9, 0.2]), mask([1, 0, 1]))).toBe(0);
  expect(pointing(map([0.5, 0.5, 0.1, 0.5]), mask([1, 0, 1, 0]))).toBeCloseTo(1 / 3, 12);
});

test("sizes that differ are refused", () => {
  expect(() => rocAuc(map([1]), mask([1, 0]))).toThrow("rocAuc: mask and truth must have the same size");
});
