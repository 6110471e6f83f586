import { expect, test } from "vitest";
import { drawn } from "../../../test/support/pictures.ts";
import { cropsOf, pointGrid } from "./grid.ts";
import { nonMaximumSuppression } from "./non-maximum-suppression.ts";
import { withoutSmallRegions } from "./small-regions.ts";

test("points lie in the middle of equal cells, row by row", () => {
  expect(pointGrid(2, { width: 8, height: 4 })).toEqual([
    { x: 2, y: 1 },
    { x: 6, y: 1 },
    { x: 2, y: 3 },
    { x: 6, y: 3 },
  ]);
});

test("the crops of a layer overlap by a share of the shorter side and reach the edges, column by column", () => {
  // Overlap floor(0.5 * 60) = 30; crops are (30 + 100) / 2 = 65 wide and 45 high.
  const [whole, ...crops] = cropsOf({ width: 100, height: 60 }, 1, 0.5);
  expect(whole).toEqual({ box: { x0: 0, y0: 0, x1: 100, y1: 60 }, layer: 0 });
  expect(crops.map(({ box: { x0, y0, x1, y1 } }) => [x0, y0, x1, y1])).toEqual([
    [0, 0, 65, 45],
    [0, 15, 65, 60],
    [35, 0, 100, 45],
    [35, 15, 100, 60],
  ]);
  expect(cropsOf({ width: 100, height: 60 }, 2, 0.5)).toHaveLength(1 + 4 + 16);
});

test("of boxes that overlap the one of the highest score is kept; of equal scores the first", () => {
  const box = (x0: number, x1: number) => ({ x0, y0: 0, x1, y1: 11 });
  // By their outermost pixels: 10 x 10 each, the first two share 9 x 10, an IoU of 9 / 11.
  const boxes = [box(0, 11), box(1, 12), box(30, 41)];
  expect(nonMaximumSuppression(boxes, [0.5, 0.9, 0.1], 0.7)).toEqual([1, 2]);
  expect(nonMaximumSuppression(boxes, [0.5, 0.5, 0.5], 0.7)).toEqual([0, 2]);
  expect(nonMaximumSuppression(boxes, [0.5, 0.9, 0.1], 0.82)).toEqual([1, 0, 2]);
});

test("small holes are filled and small islands dropped, of which the largest stays", () => {
  expect(withoutSmallRegions(drawn("###...", "#.#..#", "###..."), 2)).toEqual(drawn("###...", "###...", "###..."));
  const large = drawn("###...", "#.#..#", "###...");
  expect(withoutSmallRegions(large, 1)).toBe(large);
  expect(withoutSmallRegions(drawn("#.....", "....##", "......"), 3)).toEqual(drawn("......", "....##", "......"));
});
