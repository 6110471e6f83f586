import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conformalMargin, conformalRange, type MeasuredScore } from "./conformal.ts";

const off = (...errors: readonly number[]): MeasuredScore[] => errors.map((error) => ({ predicted: 0.5, measured: 0.5 - error }));
const tenths = (count: number): MeasuredScore[] => off(...Array.from({ length: count }, (_, i) => (i + 1) / 64));

describe("by hand", () => {
  test("of 9 images the largest error covers 90 %, of 19 the 18th", () => {
    expect(conformalMargin(tenths(9))).toMatchObject({ margin: 9 / 64, isTooSmall: false, needed: 9 });
    expect(conformalMargin(tenths(19))).toMatchObject({ margin: 18 / 64, images: 19 });
    expect(conformalMargin(tenths(20))).toMatchObject({ margin: 19 / 64 });
  });

  test("8 images are too few for 90 %, and the range is [0, 1]", () => {
    const margin = conformalMargin(tenths(8));
    expect(margin).toMatchObject({ isTooSmall: true, needed: 9, margin: Number.POSITIVE_INFINITY });
    expect(conformalRange(margin, 0.8)).toEqual({ low: 0, high: 1 });
    expect(conformalRange(conformalMargin([]), 0.8)).toEqual({ low: 0, high: 1 });
  });

  test("from one side only predictions that were too high count", () => {
    const calibration = off(-0.25, -0.25, 0.125);
    expect(conformalMargin(calibration, { coverage: 0.5, side: "lower" }).margin).toBe(-0.25);
    expect(conformalMargin(calibration, { coverage: 0.75, side: "lower" }).margin).toBe(0.125);
    expect(conformalMargin(calibration, { coverage: 0.75 }).margin).toBe(0.25);
    expect(conformalRange(conformalMargin(calibration, { coverage: 0.75, side: "lower" }), 0.75)).toEqual({ low: 0.625, high: 1 });
  });

  test.each([
    [0.5, 1],
    [0.8, 4],
    [0.9, 9],
    [0.95, 19],
    [0.99, 99],
  ])("a coverage of %s needs %s images", (coverage, needed) => {
    expect(conformalMargin(tenths(needed), { coverage })).toMatchObject({ needed, isTooSmall: false });
    expect(conformalMargin(tenths(needed - 1), { coverage })).toMatchObject({ needed, isTooSmall: true });
  });
});

// The theorem, exactly: of n + 1 images with different errors, left out one after the other, at least ⌈(n + 1) · coverage⌉ are covered by the rest.
test("of images left out one by one, the stated share at least lies in its range", () => {
  const errors = fc.uniqueArray(fc.double({ min: -0.4, max: 0.4, noNaN: true }), { minLength: 2, maxLength: 25 });
  fc.assert(
    fc.property(errors, fc.constantFrom(0.5, 0.8, 0.9), fc.constantFrom("both", "lower"), (list, coverage, side) => {
      const all = off(...list);
      const covered = all.filter(({ predicted, measured }, left) => {
        const margin = conformalMargin(all.toSpliced(left, 1), { coverage, side });
        const { low, high } = conformalRange(margin, predicted);
        return measured >= low - 1e-12 && measured <= high + 1e-12;
      });
      expect(covered.length).toBeGreaterThanOrEqual(Math.ceil(all.length * coverage - 1e-9));
    }),
  );
});

test("does not depend on the order of the images, and ranges stay in [0, 1]", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -0.5, max: 0.5, noNaN: true })),
      fc.double({ min: -2, max: 2, noNaN: true }),
      (errors, predicted) => {
        const [there, back] = [conformalMargin(off(...errors)), conformalMargin(off(...[...errors].reverse()))];
        expect(there).toEqual(back);
        const { low, high } = conformalRange(there, predicted);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(high);
      },
    ),
  );
});

test("wrong values are refused", () => {
  expect(() => conformalMargin(off(0.1), { coverage: 1 })).toThrow("coverage");
  expect(() => conformalMargin(off(Number.NaN))).toThrow("scores of image 0");
  expect(() => conformalRange(conformalMargin([]), Number.NaN)).toThrow("prediction");
});
