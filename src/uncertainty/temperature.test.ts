import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyMembers, foregroundRow } from "../../test/support/class-maps.ts";
import { expectClose } from "../../test/support/close.ts";
import { type ClassMaps, type LabelMap, largestClass, probabilitiesOf } from "../image/class-maps.ts";
import { addCalibration, calibrationOf, startCalibration } from "./reliability.ts";
import { fitTemperature, type LabelledLogits, logitsOf, withTemperature } from "./temperature.ts";

/** A row of two classes with a background logit of 0. */
function image(logits: readonly number[], labels: readonly number[]): LabelledLogits {
  const size = { width: logits.length, height: 1 };
  return {
    logits: { kind: "logits", areExclusive: true, count: 2, ...size, data: Float32Array.of(...logits.map(() => 0), ...logits) },
    truth: { kind: "labels", ...size, data: Int16Array.from(labels) },
  };
}

function nllOf(images: readonly LabelledLogits[], temperature: number): number {
  const sums = startCalibration();
  for (const { logits, truth } of images) addCalibration(sums, probabilitiesOf(withTemperature(logits, temperature)), truth);
  return calibrationOf(sums).nll;
}

describe("the fitted temperature", () => {
  // Four pixels with logit 4 of which three are foreground: the best probability is 3/4, the logit ln 3 = 4 / T.
  test("by hand: makes the probability the frequency", () => {
    const { temperature, nllAfter, pixels, isAtBound } = fitTemperature([image([4, 4], [1, 1]), image([4, 4], [1, 0])]);
    expect(temperature).toBeCloseTo(4 / Math.log(3), 8);
    expect(nllAfter).toBeCloseTo(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), 8);
    expect([pixels, isAtBound]).toEqual([4, false]);
  });

  test("by hand: below 1 for logits that are too small", () => {
    expect(fitTemperature([image([0.5, 0.5, 0.5, 0.5], [1, 1, 1, 0])]).temperature).toBeCloseTo(0.5 / Math.log(3), 8);
  });

  test("stops at a bound where every pixel is right, or more are wrong than right", () => {
    expect(fitTemperature([image([1, 2], [1, 1])])).toMatchObject({ temperature: 0.05, isAtBound: true });
    expect(fitTemperature([image([1, 2], [0, 0])], { bounds: [0.5, 4] })).toMatchObject({ temperature: 4, isAtBound: true });
  });

  test("is 1 where no temperature changes anything", () => {
    expect(fitTemperature([image([0, 0], [1, 0])])).toMatchObject({ temperature: 1, isAtBound: false });
  });

  test("keeps the most probable class", () => {
    fc.assert(
      fc.property(anyMembers(1), fc.double({ min: 0.05, max: 20, noNaN: true }), ([logits], temperature) => {
        const whole = { ...logits!, data: logits!.data.map(Math.round) }; // no neighbours that rounding makes equal
        expect(largestClass(withTemperature(whole, temperature))).toEqual(largestClass(whole));
      }),
    );
  });

  test("is the best of a grid, with several classes", () => {
    fc.assert(
      fc.property(anyMembers(4), (members) => {
        const images = members.map((logits, n): LabelledLogits => {
          const { count, width, height } = logits;
          const truth: LabelMap = {
            kind: "labels",
            width,
            height,
            data: Int16Array.from({ length: width * height }, (_, i) => (i * 5 + n) % count),
          };
          return { logits, truth };
        });
        const { temperature, nllBefore, nllAfter } = fitTemperature(images);
        expect(temperature).toBeGreaterThanOrEqual(0.05 - 1e-12);
        expect(temperature).toBeLessThanOrEqual(20 + 1e-9);
        expect(nllAfter).toBeLessThanOrEqual(nllBefore + 1e-9);
        for (let t = 0.06; t < 20; t *= 1.5) {
          const nll = nllOf(images, t);
          // Where a probability is below 1e-12, the score of calibration is clipped.
          if (nll < 20) expect(nllAfter).toBeLessThanOrEqual(nll + 1e-5);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("does not depend on the order of the images, and leaves out what is not judged", () => {
    const [a, b] = [image([3, -2, 1], [1, 0, 0]), image([2, 5, -4], [0, 1, 0])];
    expect(fitTemperature([a, b]).temperature).toBeCloseTo(fitTemperature([b, a]).temperature, 10);
    const truth: LabelMap = { ...b.truth, data: Int16Array.of(9, 9, 9) };
    expect(fitTemperature([a, { ...b, truth, ignore: 9 }]).temperature).toBe(fitTemperature([a]).temperature);
  });

  test("is refused without pixels and with wrong bounds", () => {
    expect(() => fitTemperature([])).toThrow("no pixel");
    expect(() => fitTemperature([image([1], [1])], { bounds: [2, 1] })).toThrow("0 < low < high");
    expect(() => withTemperature(image([1], [1]).logits, 0)).toThrow("above 0");
  });
});

describe("logits of probabilities", () => {
  test("give the probabilities again, of classes and of regions", () => {
    fc.assert(
      fc.property(anyMembers(1), fc.boolean(), ([logits], areExclusive) => {
        const probabilities = probabilitiesOf({ ...logits!, areExclusive });
        expectClose(probabilitiesOf(logitsOf(probabilities)).data, probabilities.data, 1e-6);
      }),
    );
  });

  // 0.8 : 0.2 are 4 : 1; with T = 2 they are 2 : 1.
  test("by hand: a temperature of 2 takes the square root of the odds", () => {
    const scaled: ClassMaps<"logits"> = withTemperature(logitsOf(foregroundRow(0.8)), 2);
    expect(probabilitiesOf(scaled).data[1]).toBeCloseTo(2 / 3, 6);
  });
});
