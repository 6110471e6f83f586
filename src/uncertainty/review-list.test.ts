import fc from "fast-check";
import { expect, test } from "vitest";
import { reviewList } from "./review-list.ts";

const uncertainty = (item: { readonly u: number | null }) => item.u;

test("by hand: unknown first, then worst first; ties keep their order and share a rank", () => {
  const items = [0.2, 0.5, null, 0.5, Number.POSITIVE_INFINITY, 0.1, null].map((u, name) => ({ name, u }));
  expect(reviewList(items, uncertainty).map(({ item, rank }) => [item.name, rank])).toEqual([
    [2, 1],
    [6, 1],
    [4, 3],
    [1, 4],
    [3, 4],
    [0, 6],
    [5, 7],
  ]);
});

test("keeps every item, falls, and leaves the list given as it is", () => {
  const values = fc.array(fc.oneof(fc.constant(null), fc.constantFrom(0, 0.5, 1), fc.double({ noNaN: true })));
  fc.assert(
    fc.property(values, (list) => {
      const items = list.map((u, i) => ({ i, u }));
      const sorted = reviewList(items, uncertainty);
      expect(items.map(({ i }) => i)).toEqual(list.map((_, i) => i));
      expect(sorted.map(({ item }) => item.i).sort((a, b) => a - b)).toEqual(items.map(({ i }) => i));
      for (let k = 1; k < sorted.length; k++) {
        const [a, b] = [sorted[k - 1]!, sorted[k]!];
        const [above, below] = [a.uncertainty, b.uncertainty];
        if (above === below) expect(a.item.i).toBeLessThan(b.item.i);
        else if (above !== null) expect(below !== null && below < above).toBe(true);
      }
    }),
  );
});

test("NaN is refused", () => {
  expect(() => reviewList([{ u: Number.NaN }], uncertainty)).toThrow("item 0 is NaN");
});
