import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RiskyImage, riskCoverage } from "./risk-coverage.ts";

const images = (...pairs: readonly (readonly [number, number])[]): RiskyImage[] =>
  pairs.map(([uncertainty, risk]) => ({ uncertainty, risk }));

const anyImages = fc.array(
  fc.record({
    uncertainty: fc.oneof(fc.constantFrom(0, 0.5, 1, Number.POSITIVE_INFINITY), fc.double({ noNaN: true })),
    risk: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe("by hand", () => {
  // Most certain first: risks 0.1, 0.5, 0.3. Selective risks 0.1, 0.3, 0.3; in the best order 0.1, 0.2, 0.3.
  // Generalised risks 0.1/3, 0.6/3, 0.9/3; by trapezoids (0.1 + 0.6 + 0.9/2) / 9.
  const found = riskCoverage(images([0.2, 0.5], [0.9, 0.3], [0.1, 0.1]));

  test("three images", () => {
    expect(found.aurc).toBeCloseTo(0.7 / 3, 12);
    expect(found.eAurc).toBeCloseTo(0.1 / 3, 12);
    expect(found.augrc).toBeCloseTo(1.15 / 9, 12);
    expect(found.meanRisk).toBeCloseTo(0.3, 12);
    expect(found.points.map(({ coverage }) => coverage)).toEqual([1 / 3, 2 / 3, 1]);
    [0.1, 0.3, 0.3].forEach((risk, i) => {
      expect(found.points[i]!.risk).toBeCloseTo(risk, 12);
      expect(found.points[i]!.generalisedRisk).toBeCloseTo((risk * (i + 1)) / 3, 12);
    });
  });

  test("a measure that says nothing has the mean risk, half of it as AUGRC", () => {
    const same = riskCoverage(images([1, 0.5], [1, 0.3], [1, 0.1]));
    expect(same.aurc).toBeCloseTo(0.3, 12);
    expect(same.augrc).toBeCloseTo(0.15, 12);
  });
});

// The definitions, by all orders of tied images.
function overOrders(list: readonly RiskyImage[]): { aurc: number; augrc: number } {
  const orders = permutations(list).filter((order) => order.every((one, i) => i === 0 || order[i - 1]!.uncertainty <= one.uncertainty));
  let [aurc, augrc] = [0, 0];
  for (const order of orders) {
    let [sum, before] = [0, 0];
    for (const [i, { risk }] of order.entries()) {
      sum += risk;
      aurc += sum / (i + 1) / order.length / orders.length;
      augrc += (before + sum) / 2 / order.length ** 2 / orders.length;
      before = sum;
    }
  }
  return { aurc, augrc };
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((one, i) => permutations([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [one, ...rest]));
}

test("ties count as the mean over all orders of their images", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(0, 1, 2), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 1, maxLength: 5 }),
      (pairs) => {
        const list = images(...pairs);
        const [found, expected] = [riskCoverage(list), overOrders(list)];
        expect(found.aurc).toBeCloseTo(expected.aurc, 10);
        expect(found.augrc).toBeCloseTo(expected.augrc, 10);
      },
    ),
    { numRuns: 60 },
  );
});

test("for right and wrong images AUGRC is (1 - AUROC) a (1 - a) + (1 - a)² / 2", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.constantFrom(0, 1)), { minLength: 2, maxLength: 20 }), (pairs) => {
      const [right, wrong] = [0, 1].map((kind) => pairs.filter(([, risk]) => risk === kind).map(([u]) => u)) as [number[], number[]];
      fc.pre(right.length > 0 && wrong.length > 0);
      const wins = wrong.flatMap((w) => right.map((r) => (w > r ? 1 : w === r ? 0.5 : 0))).reduce((sum: number, win) => sum + win, 0);
      const [auroc, a] = [wins / (right.length * wrong.length), right.length / pairs.length];
      expect(riskCoverage(images(...pairs)).augrc).toBeCloseTo((1 - auroc) * a * (1 - a) + (1 - a) ** 2 / 2, 10);
    }),
  );
});

test("does not depend on the order given, nor on the scale of uncertainty, and the best order has no excess", () => {
  fc.assert(
    fc.property(anyImages, (list) => {
      const found = riskCoverage(list);
      expect(riskCoverage([...list].reverse())).toEqual(found);
      const ranks = [...new Set(list.map(({ uncertainty }) => uncertainty))].sort((a, b) => (a < b ? -1 : 1));
      expect(riskCoverage(list.map(({ uncertainty, risk }) => ({ uncertainty: ranks.indexOf(uncertainty), risk })))).toEqual(found);
      expect(found.aurc).toBeGreaterThanOrEqual(0);
      expect(found.aurc).toBeLessThanOrEqual(1 + 1e-12);
      expect(found.augrc).toBeLessThanOrEqual(0.5 + 1e-12);
      expect(found.eAurc).toBeGreaterThanOrEqual(0);
      expect(found.points.at(-1)!.risk).toBeCloseTo(found.meanRisk, 12);
      expect(riskCoverage(list.map(({ risk }) => ({ uncertainty: risk, risk }))).eAurc).toBeCloseTo(0, 12);
    }),
  );
});

test("NaN is refused, and no images", () => {
  expect(() => riskCoverage([])).toThrow("at least one image");
  expect(() => riskCoverage(images([Number.NaN, 0]))).toThrow("uncertainty of image 0 is NaN");
  expect(() => riskCoverage(images([0, 0], [0, Number.NaN]))).toThrow("risk of image 1");
  expect(() => riskCoverage(images([0, -0.5]))).toThrow("at least 0");
});
