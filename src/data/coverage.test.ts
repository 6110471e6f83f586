import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { runsOfMask } from "../image/index.ts";
import { coverage } from "./coverage.ts";
import { centrePart, centreView } from "./views.ts";

/** The left half is 1. */
const halves = (width: number, height: number) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 1 : 0)),
});

test("patches that lie on whole pixels have the mean of them", () => {
  const mask = { width: 4, height: 4, data: Uint8Array.of(1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1) };
  expect([...coverage(runsOfMask(mask), { x0: 0, y0: 0, x1: 4, y1: 4 }, 2)]).toEqual([0.75, 0, 0, 1]);
});

test("edges inside of pixels count by their share: 6 pixels on 4 patches, cut in the middle", () => {
  // Patches are 1.5 pixels wide: the third pixel, the last of the mask's half, belongs to the second patch, which it fills.
  expectClose(coverage(runsOfMask(halves(6, 6)), { x0: 0, y0: 0, x1: 6, y1: 6 }, 4).subarray(0, 4), [1, 1, 0, 0], 1e-6);
  expectClose(coverage(runsOfMask(halves(6, 6)), { x0: 0.75, y0: 0, x1: 5.25, y1: 6 }, 3).subarray(0, 3), [1, 0.5, 0], 1e-6);
});

test("a crop of a part has the cells of that part, and what lies beyond the mask is not covered", () => {
  expect([...coverage(runsOfMask(halves(8, 8)), { x0: 2, y0: 2, x1: 6, y1: 6 }, 2)]).toEqual([1, 0, 1, 0]);
  expect([...coverage(runsOfMask(halves(2, 2)), { x0: -2, y0: 0, x1: 2, y1: 4 }, 2)]).toEqual([0, 0.5, 0, 0]);
});

test("the mean over the patches is the mean over the part", () => {
  const size = fc.integer({ min: 3, max: 40 });
  fc.assert(
    fc.property(size, size, fc.integer({ min: 1, max: 9 }), fc.infiniteStream(fc.boolean()), (width, height, grid, bits) => {
      const data = Uint8Array.from({ length: width * height }, () => (bits.next().value ? 1 : 0));
      const cells = coverage(runsOfMask({ width, height, data }), { x0: 0, y0: 0, x1: width, y1: height }, grid);
      const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean(cells)).toBeCloseTo(mean(data), 5);
    }),
    { numRuns: 50 },
  );
});

test.each([
  [300, 200],
  [131, 257],
  [224, 224],
])("the middle of %d x %d is covered where the validation view shows it", (width, height) => {
  const mask = halves(width, height);
  const image = { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => 255 * mask.data[Math.floor(i / 3)]!) };
  const cells = coverage(runsOfMask(mask), centrePart(mask, 56), 7);
  const view = centreView(image, 56);
  const brightness = Float32Array.from({ length: 49 }, (_, cell) => {
    let sum = 0;
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++) sum += view.data[3 * ((Math.floor(cell / 7) * 8 + y) * 56 + (cell % 7) * 8 + x)]!;
    return sum / 64 / 255;
  });
  // The bicubic filter smears the edge of the mask over a pixel or two of eight.
  expectClose(cells, brightness, 0.1, "coverage");
});
