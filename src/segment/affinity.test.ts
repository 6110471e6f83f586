import { afterAll, expect, test } from "vitest";
import { tensor } from "../tensor/tensor.ts";
import { SamAffinity } from "./affinity.ts";
import type { ImageEmbedding } from "./predictor.ts";

const affinity = new SamAffinity();
afterAll(() => affinity.dispose());

/** An embedding of 4 x 4 cells of an 8 x 6 image in a square of 8: the last row of cells is padding. @param featureOf - [C] of a cell */
function embeddingOf(featureOf: (row: number, column: number) => readonly number[]): ImageEmbedding {
  const channels = featureOf(0, 0).length;
  const data = new Float32Array(channels * 16);
  for (let i = 0; i < 16; i++) for (const [c, value] of featureOf(Math.floor(i / 4), i % 4).entries()) data[c * 16 + i] = value;
  return { values: tensor("float32", [1, channels, 4, 4], data), size: { width: 8, height: 6 }, resized: { width: 8, height: 6 }, side: 8 };
}

const mapOf = (levelAt: (x: number, y: number) => number) => ({
  width: 8,
  height: 6,
  data: Float32Array.from({ length: 48 }, (_, i) => levelAt(i % 8, Math.floor(i / 8))),
});

test("places that look alike share their values, others do not", async () => {
  // Left and right half are orthogonal: s is 1 within a half and 0 across, its mean 1 / 2, so t is 3 (1 - 0.6) or below 0.
  const halves = embeddingOf((_, column) => (column < 2 ? [1, 0] : [0, 2]));
  const { data } = await affinity.spread(
    mapOf((x) => (x < 2 ? 1 : x < 4 ? 0.5 : x < 6 ? 0.2 : 0)),
    halves,
  );
  // Cells of two pixels: between the centres of the second and the third, pixels are 1 / 4 and 3 / 4 of the way.
  for (const [i, value] of data.entries()) expect(value).toBeCloseTo([0.75, 0.75, 0.75, 0.5875, 0.2625, 0.1, 0.1, 0.1][i % 8]!, 5);
});

test("weights are e to the similarity less 1.2 times its mean, times 3", async () => {
  // Twelve cells in the image: one is at 60 degrees to the other eleven, which are alike.
  const [cos, sin] = [0.5, Math.sqrt(0.75)];
  const turned = embeddingOf((row, column) => (row + column === 0 ? [cos, sin] : [1, 0]));
  const mean = (1 + 22 * 0.5 + 121) / 144;
  const [alike, across] = [3 * (1 - 1.2 * mean), 3 * (0.5 - 1.2 * mean)];
  expect(alike).toBeLessThan(0); // nothing is like itself by this measure: all keep their values
  expect(across).toBeLessThan(0);
  const map = mapOf((x, y) => (Math.floor(x / 2) + 4 * Math.floor(y / 2)) / 12);
  const same = await affinity.spread(map, turned);
  const centres = (m: { data: Float32Array }) => [m.data[0], m.data[7], m.data[47]];
  expect(centres(same)).toEqual(centres(map));

  // Three directions: within the first row 0.8, all else orthogonal.
  const row = embeddingOf((r, column) => (r > 0 ? [0, 0, 1] : column < 2 ? [1, 0, 0] : [0.8, 0.6, 0]));
  const m = (2 * 4 + 2 * 4 * 0.8 + 64) / 144;
  const [own, near] = [Math.exp(3 * (1 - 1.2 * m)), Math.exp(3 * (0.8 - 1.2 * m))];
  const { data } = await affinity.spread(
    mapOf((x, y) => (y < 2 && x < 4 ? 1 : 0)),
    row,
  );
  expect(data[0]).toBeCloseTo(own / (own + near), 5);
  expect(data[7]).toBeCloseTo(near / (own + near), 5);
  expect(data[47]).toBe(0);
});

test("only the window counts, and outside it the map is 0", async () => {
  const alike = embeddingOf((row, column) => [Math.cos(row), Math.sin(row), column < 2 ? 3 : -3]);
  const window = { x0: 0, y0: 0, x1: 4, y1: 6 };
  const { data } = await affinity.spread(
    mapOf((x) => (x < 2 ? 0.5 : x < 4 ? 0.3 : 1)),
    alike,
    window,
  );
  for (const [i, value] of data.entries()) {
    if (i % 8 >= 4) expect(value).toBe(0);
    else expect(value).toBeLessThanOrEqual(0.5);
  }
});

test("a map of another size than the image is an error", async () => {
  const embedding = embeddingOf(() => [1]);
  await expect(affinity.spread({ width: 4, height: 4, data: new Float32Array(16) }, embedding)).rejects.toThrow(
    "the map is 4 x 4, the image 8 x 6",
  );
});
