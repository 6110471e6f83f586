import { expect, test } from "vitest";
import { compressedRle, runLengths } from "./rle.ts";

test("runs go down the columns and begin with background", () => {
  // Columns: 0 1, 1 1, 0 0.
  const mask = { width: 3, height: 2, data: Uint8Array.of(0, 1, 0, 1, 1, 0) };
  expect(runLengths(mask)).toEqual([1, 3, 2]);
  expect(runLengths({ width: 1, height: 2, data: Uint8Array.of(1, 1) })).toEqual([0, 2]);
  expect(runLengths({ width: 1, height: 2, data: Uint8Array.of(0, 0) })).toEqual([2]);
});

test("the compressed form is that of pycocotools", () => {
  // pycocotools.mask.encode of a 40 x 30 array (rows x columns) with rows 5 to 24 of columns 7 to 11 set.
  const [width, height] = [30, 40];
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x >= 7 && x < 12 && y >= 5 && y < 25 ? 1 : 0;
  });
  expect(runLengths({ width, height, data })).toEqual([285, 20, 20, 20, 20, 20, 20, 20, 20, 20, 735]);
  expect(compressedRle({ width, height, data })).toBe("m8d0d00000000[f0");
});
