import fc from "fast-check";
import { expect, test } from "vitest";
import { anyGray, areaOf } from "../../test/support/pictures.ts";
import { cutImage, type GrayImage } from "../image/index.ts";
import { coarseMask, coarsePresets } from "./coarse-mask.ts";
import { kmeansMask } from "./kmeans.ts";

/** A map drawn as text: a digit d is the level 25 d. */
function map(...rows: string[]): GrayImage {
  return { width: rows[0]!.length, height: rows.length, data: Uint8Array.from(rows.join(""), (digit) => 25 * Number(digit)) };
}

const twoBlobs = map("99.99", "99.99", ".....", ".8888");

test("the preset decides whether equal areas both stay", () => {
  const options = { method: "threshold", keep: 1 } as const;
  expect(areaOf(coarseMask(twoBlobs, { ...coarsePresets.paper, ...options }).mask)).toBe(4);
  expect(areaOf(coarseMask(twoBlobs, { ...coarsePresets.reference, ...options }).mask)).toBe(12);
});

test("a plausible mask has no warning", () => {
  expect(coarseMask(twoBlobs, { method: "threshold" })).toMatchObject({ warnings: [], level: 77 });
});

test("an empty mask and one that fills everything are warnings", () => {
  expect(coarseMask(map("111", "111"), { method: "threshold" }).warnings).toEqual([
    "the coarse mask is empty: threshold found no foreground in the saliency map",
  ]);
  expect(coarseMask(map("999", "999"), { method: "otsu" }).warnings).toEqual([
    "the coarse mask covers the whole image: otsu found no background",
  ]);
  const window = { x0: 1, y0: 0, x1: 3, y1: 2 };
  expect(coarseMask(map("099", "099"), { method: "threshold", window }).warnings).toEqual([
    "the coarse mask covers the whole part that the model saw: threshold found no background",
  ]);
});

test("where no component passes, the one of highest mean saliency stays, with a warning", () => {
  const { mask, warnings } = coarseMask(twoBlobs, { method: "threshold", minAreaPx: 5, minMeanSaliency: 0.5 });
  expect(areaOf(mask)).toBe(4);
  expect(warnings).toEqual([
    "no component has at least 5 pixels and a mean saliency of at least 0.5; kept the one with the highest mean saliency. Check its mask, or lower --min-area or --min-saliency.",
  ]);
  expect(coarseMask(twoBlobs, { method: "threshold", minMeanSaliency: 0.95 }).warnings).toEqual([
    "no component has a mean saliency of at least 0.95; kept the one with the highest mean saliency. Check its mask, or lower --min-saliency.",
  ]);
});

test("a window outside the map is an error that names both", () => {
  const window = { x0: 0, y0: 0, x1: 6, y1: 4 };
  expect(() => coarseMask(twoBlobs, { window })).toThrow("window [0, 0, 6, 4] must hold a pixel and lie in the 5 x 4 map");
});

test("a method that looks at the image needs it, and gives a mask of its size", () => {
  expect(() => coarseMask(twoBlobs, { method: "crf" })).toThrow('method "crf" looks at the image, too: expected option "image"');
  const image = { width: 10, height: 8, data: new Uint8Array(3 * 10 * 8).fill(90) };
  expect(coarseMask(twoBlobs, { method: "crf", image }).mask).toMatchObject({ width: 10, height: 8 });
  expect(coarseMask(twoBlobs, { method: "otsu", image }).mask).toMatchObject({ width: 5, height: 4 });
  const window = { x0: 0, y0: 0, x1: 3, y1: 3 };
  expect(() => coarseMask(twoBlobs, { method: "crf", image, window })).toThrow(
    "with a window, map and image must have the same size, got 5 x 4 and 10 x 8",
  );
});

test("a method that looks at the image sees the same part of it as of the map", () => {
  const image = { width: 5, height: 4, data: Uint8Array.from({ length: 60 }, (_, i) => (i * 37) % 256) };
  const window = { x0: 1, y0: 1, x1: 5, y1: 4 };
  const { mask } = coarseMask(twoBlobs, { method: "crf", image, window, keep: 9 });
  const alone = coarseMask(map("9.99", "....", "8888"), { method: "crf", image: cutImage(image, window), keep: 9 }).mask;
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 5; x++) expect(mask.data[y * 5 + x]).toBe(x >= 1 && y >= 1 ? alone.data[(y - 1) * 4 + x - 1] : 0);
  }
});

test("with a window, the method sees that part alone and nothing outside is foreground", () => {
  fc.assert(
    fc.property(anyGray(12), fc.nat(3), fc.nat(3), (inner, left, top) => {
      const [width, height] = [inner.width + left + 2, inner.height + top + 1];
      const around = { width, height, data: new Uint8Array(width * height).fill(255) };
      for (let y = 0; y < inner.height; y++) {
        around.data.set(inner.data.subarray(y * inner.width, (y + 1) * inner.width), (top + y) * width + left);
      }
      const window = { x0: left, y0: top, x1: left + inner.width, y1: top + inner.height };
      const { mask } = coarseMask(around, { keep: Number.POSITIVE_INFINITY, window });
      const alone = kmeansMask(inner);
      mask.data.forEach((value, i) => {
        const [x, y] = [(i % width) - left, Math.floor(i / width) - top];
        const inside = x >= 0 && y >= 0 && x < inner.width && y < inner.height;
        expect(value).toBe(inside ? alone.data[y * inner.width + x] : 0);
      });
    }),
  );
});
