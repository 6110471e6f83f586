import fc from "fast-check";
import { expect, test } from "vitest";
import { anyMask } from "../../test/support/pictures.ts";
import { components } from "../image/index.ts";
import { targetGrid } from "./mask-prompt.ts";
import { sam } from "./variants/sam.ts";

/** A square of 64 pixels with 8 x 8 cells of 8 pixels. */
const sizes = { variant: "sam", side: 64, cells: 8 } as const;

type Corners = readonly [x0: number, y0: number, x1: number, y1: number];
const maskOf = (...boxes: readonly Corners[]) => ({
  width: 64,
  height: 64,
  data: Uint8Array.from({ length: 64 * 64 }, (_, i) => {
    const [x, y] = [i % 64, Math.floor(i / 64)];
    return boxes.some(([x0, y0, x1, y1]) => x >= x0 && x < x1 && y >= y0 && y < y1) ? 1 : 0;
  }),
});
const setIn = (...boxes: readonly Corners[]) => {
  const { cells } = targetGrid(maskOf(...boxes), sizes)!;
  return [...cells.keys()].filter((i) => cells[i] === 1);
};

test("a small component keeps a cell beside a large one", () => {
  const large = [0, 0, 16, 16] as const;
  expect(setIn(large)).toEqual([0, 1, 8, 9]);
  expect(setIn(large, [42, 41, 44, 43])).toEqual([0, 1, 8, 9, 5 * 8 + 5]);
  expect(setIn(large, [46, 41, 49, 43])).toEqual([0, 1, 8, 9, 5 * 8 + 5]); // two of its columns lie in cell 5, one in cell 6
});

test("a component that reaches a cell that is set needs none of its own", () => {
  // Two components share the first cell, of which they cover more than half together.
  expect(setIn([0, 0, 8, 5], [2, 6, 4, 8])).toEqual([0]);
});

test("each component has a cell that is set, whatever the mask", () => {
  fc.assert(
    fc.property(anyMask(20), (mask) => {
      const grid = targetGrid(mask, { variant: "sam", side: 16, cells: 4 });
      if (!grid) return;
      const { data, components: all } = components(mask);
      const resized = sam.sizeWithin(mask, 16);
      const ends = (at: number, cells: number, length: number) =>
        [at, at + 1].map((end) => Math.min(3, Math.floor((end * cells) / length)));
      for (const { label } of all) {
        // A pixel can reach into the next cell.
        const cellsNear = [...data.keys()].flatMap((i) => {
          if (data[i] !== label) return [];
          const columns = ends(i % mask.width, resized.width / 4, mask.width);
          return ends(Math.floor(i / mask.width), resized.height / 4, mask.height).flatMap((v) => columns.map((u) => 4 * v + u));
        });
        expect(cellsNear.some((cell) => grid.cells[cell] === 1)).toBe(true);
      }
    }),
  );
});
