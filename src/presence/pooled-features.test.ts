import { expect, test } from "vitest";
import { type FeatureGrid, pooledFeatures } from "./pooled-features.ts";

/** Two by two cells over an image of 4 x 4 pixels, the features of the cells (3, 4), (0, 2), (1, 0), (0, 0). */
const grid: FeatureGrid = {
  data: Float32Array.of(3, 4, 0, 2, 1, 0, 0, 0),
  ...{ side: 2, channels: 2, start: 0, cellStride: 2, channelStride: 1 },
  place: { scaleX: 0.5, scaleY: 0.5, offsetX: 0, offsetY: 0 },
};
const size = { width: 4, height: 4 };
const at = (...pixels: number[]) => ({ ...size, data: Uint8Array.from({ length: 16 }, (_, i) => (pixels.includes(i) ? 1 : 0)) });
const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));

test("the mean direction of the cells, by pixels of the mask, and of the whole image", () => {
  // Pixels 0 and 1 lie in the first cell, pixel 2 in the second: (2 (0.6, 0.8) + (0, 1)) / 3; all: a quarter of each cell's direction.
  expect([...pooledFeatures(grid, at(0, 1, 2))]).toEqual(close([0.4, 2.6 / 3, 0.4, 0.45]));
});

test("in whatever order the values lie", () => {
  const planes = { ...grid, data: Float32Array.of(9, 3, 0, 1, 0, 4, 2, 0, 0), start: 1, cellStride: 1, channelStride: 4 };
  expect(pooledFeatures(planes, at(0, 1, 2))).toEqual(pooledFeatures(grid, at(0, 1, 2)));
});

test("pixels beside the grid do not count, and a mask beside it is that of the whole image", () => {
  const shifted = { ...grid, place: { ...grid.place, offsetX: 1 } }; // the two columns on the left are not seen; the others are the first of the grid
  const [inX, inY, allX, allY] = pooledFeatures(shifted, at(0, 4));
  expect([inX, inY]).toEqual([allX, allY]);
  expect([allX, allY]).toEqual(close([(0.6 + 1) / 2, (0.8 + 0) / 2]));
});
