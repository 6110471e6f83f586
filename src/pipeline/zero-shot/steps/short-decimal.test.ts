import fc from "fast-check";
import { expect, test } from "vitest";
import { shortDecimal } from "./short-decimal.ts";

test("a number is shown with the decimals that make the sentence about it true", () => {
  expect(shortDecimal(0.31, 2, (shown) => shown < 0.5)).toBe("0.31");
  expect(shortDecimal(Math.fround(0.49999997), 2, (shown) => shown < 0.5)).toBe("0.49999997");
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (one, other) => {
      fc.pre(one !== other);
      const [value, limit] = [Math.min(one, other), Math.max(one, other)];
      expect(Number(shortDecimal(value, 2, (shown) => shown < limit))).toBeLessThan(limit);
    }),
  );
});
