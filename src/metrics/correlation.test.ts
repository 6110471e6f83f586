import fc from "fast-check";
import { expect, test } from "vitest";
import { pearson, rankCorrelation } from "./correlation.ts";

test("worked by hand", () => {
  // Means 2 and 3: products 1·2 + 0·(-2)... of (-1, 0, 1) and (-2, 1, 1) are 2 + 0 + 1 = 3; squares 2 and 6; 3 / √12.
  expect(pearson([1, 2, 3], [1, 4, 4])).toBeCloseTo(3 / Math.sqrt(12), 12);
  // Ranks (0, 1, 2) and (0, 1.5, 1.5): products of (-1, 0, 1) and (-1, 0.5, 0.5) are 1.5; squares 2 and 1.5; 1.5 / √3.
  expect(rankCorrelation([1, 2, 30], [1, 4, 4])).toBeCloseTo(1.5 / Math.sqrt(3), 12);
});

test("it is not defined for a constant list", () => {
  expect(pearson([0.1, 0.1, 0.1], [1, 2, 3])).toBeUndefined();
  expect(rankCorrelation([1, 2, 3], [5, 5, 5])).toBeUndefined();
  expect(pearson([], [])).toBeUndefined();
});

test("it is symmetric, 1 of a list with itself, and ranks do not see a growing function", () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), { minLength: 3, maxLength: 30 });
  fc.assert(
    fc.property(pairs, (all) => {
      const [a, b] = [all.map(([x]) => x), all.map(([, y]) => y)];
      expect(pearson(a, b)).toBe(pearson(b, a));
      if (new Set(a).size > 1) expect(rankCorrelation(a, a)).toBeCloseTo(1, 12);
      const cubed = a.map((x) => x ** 3);
      const [own, other] = [rankCorrelation(a, b), rankCorrelation(cubed, b)];
      expect(own === undefined).toBe(other === undefined);
      if (own !== undefined) expect(other).toBeCloseTo(own, 12);
    }),
  );
});
