import { expect, test } from "vitest";
import { compared, type MeanComparison, meanComparison, verdictOf } from "./compare.ts";

const mask = (...data: number[]) => ({ width: data.length, height: 1, data: Uint8Array.from(data) });
const found = (capacity: number[], score: number, ...data: number[]) => ({
  capacity: Float32Array.from(capacity),
  score,
  mask: mask(...data),
});

test("maps, masks and scores are compared with those of the right prompt", () => {
  const right = found([1, 2, 3], 0.5, 1, 1, 0);
  expect(compared(right, found([2, 4, 9], 0.25, 0, 1, 0))).toEqual({ pearson: expect.closeTo(0.9707, 4), rank: 1, iou: 0.5, margin: 0.25 });
  expect(compared(right, found([7, 7, 7], 0.75, 0, 0, 0))).toEqual({ pearson: null, rank: null, iou: 0, margin: -0.25 });
});

test("means leave out what is not defined", () => {
  const [one, two] = [
    { pearson: 0.5, rank: null, iou: 0, margin: 1 },
    { pearson: null, rank: null, iou: 1, margin: 0 },
  ];
  expect(meanComparison([one, two])).toEqual({
    pearson: { mean: 0.5, n: 1 },
    rank: { mean: null, n: 0 },
    iou: { mean: 0.5, n: 2 },
    margin: { mean: 0.5, n: 2 },
  });
});

const means = (pearson: number | null): MeanComparison => {
  const some = { mean: 0, n: 1 };
  return { pearson: { mean: pearson, n: 1 }, rank: some, iou: some, margin: some };
};
test.each([
  ["picture", [0.99, 0.95, 0.95, 0.2]],
  ["picture", [0.99, 0.2, 0.2, 0.91]],
  ["words", [0.6, 0.55, 0.1, 0.1]],
  ["words", [0.9, 0.1, 0.1, 0.85]],
  ["sentence", [0.9, 0.75, 0.2, -0.3]],
  ["sentence", [0.9, 0.75, null, 0.1]],
  ["unknown", [null, 0.1, 0.1, 0.1]],
  ["unknown", [0.9, null, 0.1, 0.1]],
] as const)("it reads the %s with correlations %j", (reads, [paraphrase, contradiction, empty, gibberish]) => {
  const verdict = verdictOf({
    paraphrase: means(paraphrase),
    contradiction: means(contradiction),
    null: means(empty),
    gibberish: means(gibberish),
  });
  expect(verdict.reads).toBe(reads);
  expect(verdict.rule).toContain("above 0.9 for null or gibberish prompts");
});
