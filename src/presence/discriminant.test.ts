import { expect, test } from "vitest";
import { normal } from "../tensor/random.ts";
import { crossFitted, discriminantScore, fitDiscriminant } from "./discriminant.ts";

test("is the shrunken discriminant, by hand", () => {
  // Class 0: (0, 0), (2, 0), mean (1, 0); class 1: (4, 2), (4, 4), mean (4, 3). ZᵀZ / 2 = diag(1, 1), so t = 1 and Σ = I: w = (3, 3).
  const rows = [
    [0, 0],
    [2, 0],
    [4, 2],
    [4, 4],
  ].map((row) => Float32Array.from(row));
  const { weights, bias } = fitDiscriminant(rows, [0, 0, 1, 1]);
  expect(weights).toEqual([expect.closeTo(3, 9), expect.closeTo(3, 9)]);
  expect(bias).toBeCloseTo(-(3 * 5 + 3 * 3) / 2, 9);
});

test("follows from the covariance where that is no multiple of the identity", () => {
  // ZᵀZ / 2 = diag(8, 0), t = 4, Σ = 0.2 diag(8, 0) + 0.8 · 4 I = diag(4.8, 3.2); m₁ - m₀ = (1, 1).
  const rows = [
    [-2, 0],
    [2, 0],
    [-1, 1],
    [3, 1],
  ].map((row) => Float32Array.from(row));
  const { weights } = fitDiscriminant(rows, [0, 0, 1, 1]);
  expect(weights).toEqual([expect.closeTo(1 / 4.8, 9), expect.closeTo(1 / 3.2, 9)]);
});

test("rows that are all the same tell nothing", () => {
  const rows = [0, 1, 2, 3].map(() => Float32Array.of(1, 2));
  expect(fitDiscriminant(rows, [0, 0, 1, 1])).toEqual({ weights: [0, 0], bias: 0 });
});

test("scores of the fold left out do not know their own label: on noise they part nothing", () => {
  const [n, width] = [60, 200];
  const values = normal("rows", 1, n * width);
  const rows = Array.from({ length: n }, (_, i) => values.slice(i * width, (i + 1) * width));
  const labels = rows.map((_, i) => (i % 2) as 0 | 1);
  const { discriminant, scores } = crossFitted(rows, labels);
  const right = (all: readonly number[]) => all.filter((score, i) => score > 0 === (labels[i] === 1)).length / n;
  expect(right(rows.map((row) => discriminantScore(discriminant, row)))).toBe(1);
  expect(right(scores)).toBeLessThan(0.75);
});
