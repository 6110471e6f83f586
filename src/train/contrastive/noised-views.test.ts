import { expect, test } from "vitest";
import { tensor } from "../../tensor/tensor.ts";
import { noisedViews } from "./noised-views.ts";

const [images, phrases, grid] = [200, 3, 8];
const patches = grid * grid;

/** The first phrase fills the upper left quarter, the second one patch in the middle, the third is nowhere. */
function targets() {
  const coverage = new Float32Array(images * phrases * patches);
  const labels = new Float32Array(images * phrases);
  for (let i = 0; i < images; i++) {
    for (let cell = 0; cell < patches; cell++) {
      const [x, y] = [cell % grid, Math.floor(cell / grid)];
      coverage[(i * phrases + 0) * patches + cell] = x < 4 && y < 4 ? 1 : 0;
      coverage[(i * phrases + 1) * patches + cell] = x === 4 && y === 4 ? 0.5 : 0;
    }
    labels.set([1, 1, 0], i * phrases);
  }
  const matrix = (data: Float32Array<ArrayBuffer>) => tensor("float32", [images, phrases], data);
  const weights = () => matrix(new Float32Array(images * phrases).fill(1 / (images * phrases)));
  return {
    labels: matrix(labels),
    coverage: tensor("float32", [images, phrases, patches], coverage),
    labelWeights: weights(),
    denseWeights: weights(),
    shownWeights: weights(),
  };
}

const options = { grid, width: 16, depth: 5, seed: 1 };
const given = targets();
const views = noisedViews(given, { ...options, step: "0/0" });
const shareOf = (image: number, phrase: number) => {
  const keep = views.keep.data.subarray(image * (patches + 1) + 1, (image + 1) * (patches + 1));
  const high = Math.max(...keep);
  const cells = given.coverage.data.subarray((image * phrases + phrase) * patches, (image * phrases + phrase + 1) * patches);
  const seen = cells.reduce((sum, covered, patch) => sum + (keep[patch] === high ? covered : 0), 0);
  return seen / cells.reduce((sum, covered) => sum + covered, 0);
};

test("what is mostly left is asked for, what is gone is absent, and what is half visible does not count", () => {
  const met = new Set<string>();
  for (let image = 0; image < images; image++) {
    for (const phrase of [0, 1]) {
      const [share, at] = [shareOf(image, phrase), image * phrases + phrase];
      const [label, weight] = [views.labels.data[at], views.weights.data[at]!];
      if (share >= 0.4) expect(label).toBe(1);
      else expect(label).toBe(0);
      expect(weight > 0).toBe(share >= 0.4 || share <= 0.05);
      met.add(`${label} ${weight > 0}`);
    }
    expect(views.labels.data[image * phrases + 2]).toBe(0);
  }
  expect(met).toEqual(new Set(["1 true", "0 true", "0 false"]));
  expect(views.weights.data.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
});

test("of the class token as much is left as of the patches, or nothing; some views are mixed, some cut", () => {
  const kinds = { class: new Set<string>(), mixed: new Set<boolean>() };
  for (let image = 0; image < images; image++) {
    const [first, ...rest] = views.keep.data.subarray(image * (patches + 1), (image + 1) * (patches + 1));
    const [low, high] = [Math.min(...rest), Math.max(...rest)];
    expect(new Set(rest).size).toBeLessThanOrEqual(2);
    kinds.class.add(first === 0 ? "nothing" : first === high ? "as the patches" : "other");
    kinds.mixed.add(low > 0);
  }
  expect(kinds.class).toEqual(new Set(["nothing", "as the patches"]));
  expect(kinds.mixed).toEqual(new Set([true, false]));
});

test("coverage on a finer grid counts as its mean in each patch", () => {
  const side = 2 * grid;
  const fine = new Float32Array(images * phrases * side * side);
  for (let map = 0; map < images * phrases; map++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) fine[(map * side + y) * side + x] = given.coverage.data[(map * grid + (y >> 1)) * grid + (x >> 1)]!;
  const finer = { ...given, coverage: tensor("float32", [images, phrases, side * side], fine) };
  expect(noisedViews(finer, { ...options, step: "0/0" })).toEqual(views);
});

test("the block is any but the last, and all depends on seed and step alone", () => {
  const few = { ...given, labels: tensor("float32", [0, phrases], new Float32Array(0)) };
  const blocks = new Set(Array.from({ length: 100 }, (_, i) => noisedViews(few, { ...options, step: `0/${i}` }).block));
  expect([...blocks].sort()).toEqual([0, 1, 2, 3]);
  expect(noisedViews(given, { ...options, step: "0/0" })).toEqual(views);
  expect(noisedViews(given, { ...options, step: "0/1" }).keep).not.toEqual(views.keep);
});
