import fc from "fast-check";
import { expect, test } from "vitest";
import { uniform } from "../tensor/random.ts";
import { conformalRange } from "./conformal.ts";
import { fitScoreCurve, predictedScore, type ScoredImage, splitConformal } from "./score-curve.ts";

const scored = (...pairs: readonly (readonly [number, number])[]): ScoredImage[] =>
  pairs.map(([uncertainty, score]) => ({ uncertainty, score }));

// 0.5 then 0.75 rises, so both become 0.625; ties at 3 have their mean.
test("by hand: scores that rise with uncertainty are pooled", () => {
  const curve = fitScoreCurve(scored([0, 1], [1, 0.5], [2, 0.75], [3, 0.25], [3, 0.5]));
  expect(curve).toEqual({ uncertainties: [0, 1, 2, 3], scores: [1, 0.625, 0.625, 0.375] });
  expect([-1, 0, 0.5, 1.5, 2.5, 3, 9].map((u) => predictedScore(curve, u))).toEqual([1, 1, 0.8125, 0.625, 0.5, 0.375, 0.375]);
});

// The two images of 2 have a mean of 0.375, below the 0.5 before: nothing is pooled, though one of them alone would be.
test("by hand: ties are averaged before neighbours are pooled", () => {
  expect(fitScoreCurve(scored([1, 0.5], [2, 0.625], [2, 0.125])).scores).toEqual([0.5, 0.375]);
});

const anyScored = fc.array(fc.record({ uncertainty: fc.integer({ min: 0, max: 8 }), score: fc.double({ min: 0, max: 1, noNaN: true }) }), {
  minLength: 1,
  maxLength: 15,
});

test("never rises, stays within the scores, keeps their mean and does not depend on the order", () => {
  fc.assert(
    fc.property(anyScored, (list) => {
      const curve = fitScoreCurve(list);
      const values = curve.scores;
      for (let i = 1; i < values.length; i++) expect(values[i]!).toBeLessThanOrEqual(values[i - 1]! + 1e-12);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.min(...list.map(({ score }) => score)) - 1e-12);
      const mean = (scores: number[]) => scores.reduce((sum, score) => sum + score, 0) / scores.length;
      expect(mean(list.map(({ uncertainty }) => predictedScore(curve, uncertainty)))).toBeCloseTo(mean(list.map(({ score }) => score)), 9);
      expect(fitScoreCurve([...list].reverse())).toEqual(curve);
      // No other level of a whole part fits better: the sum of squares of the constant curve is larger or equal.
      const squares = (score: (image: ScoredImage) => number) => list.reduce((sum, image) => sum + (image.score - score(image)) ** 2, 0);
      const fitted = squares(({ uncertainty }) => predictedScore(curve, uncertainty));
      expect(fitted).toBeLessThanOrEqual(squares(() => mean(list.map(({ score }) => score))) + 1e-9);
    }),
  );
});

test("the range of new images from the same source holds their score as often as stated", () => {
  const stream = uniform("images", 1);
  const drawn = Array.from({ length: 2000 }, (_, i) => {
    const uncertainty = stream.at(2 * i);
    return { uncertainty, score: 0.95 - 0.5 * uncertainty * stream.at(2 * i + 1) };
  });
  const { curve, margin } = splitConformal(drawn.slice(0, 1000), { seed: 1, coverage: 0.9 });
  const covered = drawn.slice(1000).filter(({ uncertainty, score }) => {
    const { low, high } = conformalRange(margin, predictedScore(curve, uncertainty));
    return score >= low && score <= high;
  });
  expect(margin.images).toBe(500);
  expect(covered.length / 1000).toBeGreaterThan(0.85); // 0.9 but for three standard deviations, of 500 calibration and 1000 new images
  expect(covered.length / 1000).toBeLessThan(0.95);
});

test("the same seed draws the same halves; few images say so", () => {
  const list = scored(...Array.from({ length: 12 }, (_, i) => [i, 1 - i / 12] as const));
  expect(splitConformal(list, { seed: 3 })).toEqual(splitConformal(list, { seed: 3 }));
  expect(splitConformal(list, { seed: 3 }).margin).toMatchObject({ images: 6, needed: 9, isTooSmall: true });
  expect(() => splitConformal(list.slice(1, 2), { seed: 3 })).toThrow("two images");
  expect(() => fitScoreCurve([])).toThrow("at least one image");
  expect(() => fitScoreCurve(scored([0, Number.NaN]))).toThrow("image 0 must be finite");
});
