import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyMembers, foregroundRow, mirroredMaps, probabilityRow } from "../../test/support/class-maps.ts";
import { type ClassMaps, type LabelMap, probabilitiesOf } from "../image/class-maps.ts";
import type { JudgedPixels } from "./_judged-pixels.ts";
import {
  addCalibration,
  type Calibration,
  type CalibrationClaim,
  calibrationOf,
  joinedCalibration,
  startCalibration,
} from "./reliability.ts";

const labelsOf = (...data: number[]): LabelMap => ({ kind: "labels", width: data.length, height: 1, data: Int16Array.from(data) });

interface Options extends JudgedPixels {
  readonly bins?: number;
  readonly claim?: CalibrationClaim;
}

function judged(
  maps: ClassMaps<"probabilities">,
  truth: LabelMap,
  { bins = 15, claim = "confidence", ...pixels }: Options = {},
): Calibration {
  const sums = startCalibration({ bins, claim });
  addCalibration(sums, maps, truth, pixels);
  return calibrationOf(sums);
}

const hand = [foregroundRow(0.875, 0.875, 0.625, 0.25), labelsOf(1, 0, 1, 0)] as const;

test("sums of images that are joined are those of all pixels", () => {
  const [together, apart] = [startCalibration(), [startCalibration(), startCalibration()] as const];
  for (const sums of apart) {
    addCalibration(sums, ...hand);
    addCalibration(together, ...hand);
  }
  const joined = joinedCalibration(apart);
  expect(joined).toMatchObject({ counts: together.counts, holding: together.holding, pixels: 8 });
  expect(calibrationOf(joined).brier).toBeCloseTo(calibrationOf(together).brier, 14);
  expect(() => joinedCalibration([startCalibration(), startCalibration({ bins: 3 })])).toThrow('expected 15 bins of "confidence", got 3');
});

describe("by hand", () => {
  // Two bins: confidences 0.875, 0.875, 0.625, 0.75 all lie in (0.5, 1], mean 0.78125, of which three of four are right.
  test("confidence against correctness", () => {
    const { bins, ece, brier, nll, pixels } = judged(...hand, { bins: 2 });
    expect(bins).toEqual([
      { from: 0, to: 0.5, pixels: 0, probability: null, frequency: null },
      { from: 0.5, to: 1, pixels: 4, probability: 0.78125, frequency: 0.75 },
    ]);
    expect(ece).toBe(0.03125);
    expect(brier).toBe((0.125 ** 2 + 0.875 ** 2 + 0.375 ** 2 + 0.25 ** 2) / 4);
    expect(nll).toBeCloseTo(-(Math.log(0.875) + Math.log(0.125) + Math.log(0.625) + Math.log(0.75)) / 4, 12);
    expect(pixels).toBe(4);
  });

  // Probabilities of the foreground: 0.25 (background) in the lower bin; 0.875, 0.875, 0.625 in the upper, of which two are foreground.
  test("probability of the foreground against its frequency", () => {
    const { bins, ece } = judged(...hand, { bins: 2, claim: "foreground" });
    expect(bins.map(({ pixels, probability, frequency }) => [pixels, probability, frequency])).toEqual([
      [1, 0.25, 0],
      [3, 2.375 / 3, 2 / 3],
    ]);
    expect(ece).toBeCloseTo((0.25 + 0.375) / 4, 12);
  });

  test("an edge belongs to the bin below it", () => {
    const { bins } = judged(foregroundRow(0, 0.5, 0.75, 1), labelsOf(0, 0, 0, 0), { bins: 4, claim: "foreground" });
    expect(bins.map(({ pixels }) => pixels)).toEqual([1, 1, 1, 1]);
  });

  test("the score of several classes is half the squared distance from the truth", () => {
    expect(judged(probabilityRow([0.5, 0.25, 0.25]), labelsOf(1)).brier).toBe((0.25 + 0.5625 + 0.0625) / 2);
  });
});

test("only pixels of the region with a label count", () => {
  const region = { width: 4, height: 1, data: Uint8Array.of(1, 1, 0, 1) };
  expect(judged(hand[0], labelsOf(1, 7, 1, -1), { region, ignore: 7 }).pixels).toBe(1);
});

// 2000 pixels in ten groups; in group g the probability is (g + 0.5) / 10 and exactly that share is foreground.
test("probabilities that are frequencies have no calibration error", () => {
  const p = Array.from({ length: 2000 }, (_, i) => (Math.floor(i / 200) + 0.5) / 10);
  const labels = p.map((share, i) => (i % 200 < Math.round(200 * share) ? 1 : 0));
  expect(judged(foregroundRow(...p), labelsOf(...labels), { bins: 10, claim: "foreground" }).ece).toBeLessThan(1e-6);
});

test("scores lie in [0, 1], do not depend on order or side, and come from the definition", () => {
  fc.assert(
    fc.property(anyMembers(4), fc.integer({ min: 1, max: 20 }), fc.constantFrom("confidence", "foreground"), (logits, bins, claim) => {
      const images = logits.map((maps, n) => {
        const { count, width, height } = maps;
        const truth: LabelMap = {
          kind: "labels",
          width,
          height,
          data: Int16Array.from({ length: width * height }, (_, i) => (i * 7 + n) % count),
        };
        return { maps: probabilitiesOf(maps), truth };
      });
      const of = (some: typeof images) => {
        const sums = startCalibration({ bins, claim });
        for (const { maps, truth } of some) addCalibration(sums, maps, truth);
        return calibrationOf(sums);
      };
      const found = of(images);
      for (const score of [found.ece, found.brier]) {
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1 + 1e-6);
      }
      const flipped = of([...images].reverse().map(({ maps, truth }) => ({ maps: mirroredMaps(maps), truth: flippedLabels(truth) })));
      for (const key of ["ece", "brier", "nll"] as const) expect(flipped[key]).toBeCloseTo(found[key], 9);
      expect(found.bins.reduce((sum, { pixels }) => sum + pixels, 0)).toBe(found.pixels);
      const error = found.bins.reduce(
        (sum, bin) => sum + (bin.pixels / found.pixels) * Math.abs((bin.frequency ?? 0) - (bin.probability ?? 0)),
        0,
      );
      expect(found.ece).toBeCloseTo(error, 9);
    }),
  );
});

function flippedLabels(truth: LabelMap): LabelMap {
  const { width, data } = truth;
  return { ...truth, data: data.map((_, i) => data[i - (i % width) + width - 1 - (i % width)]!) };
}

test("what cannot be judged is refused", () => {
  expect(() => judged(...hand, { region: { width: 4, height: 1, data: new Uint8Array(4) } })).toThrow("no pixel was judged");
  expect(() => judged(hand[0], labelsOf(1, 0, 2, 0))).toThrow("labels below 2, the number of classes, got 2");
  expect(() => judged(hand[0], labelsOf(1))).toThrow("a ground truth of 4 x 1 pixels, got 1 x 1");
  expect(() => judged({ ...hand[0], areExclusive: false }, hand[1])).toThrow("regions may overlap");
  expect(() => startCalibration({ bins: 0 })).toThrow("number of bins");
});
