import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { uniform } from "../tensor/random.ts";
import { type CalibrationImage, calibrate } from "./calibrate.ts";
import { Calibration, judge } from "./judge.ts";
import { fitLogistic } from "./logistic.ts";
import { type Evidence, learnedSigns, type MeasuredSigns, mapSigns, signNames } from "./signs.ts";

const measured = signNames.filter((name) => !learnedSigns.some((learned) => learned === name));
const signsOf = (value: (name: string, i: number) => number) =>
  Object.fromEntries(measured.map((name, i) => [name, value(name, i)])) as MeasuredSigns;

/** Images whose signs are uniform in [0, 1], with `shift` added to the first two; and features of noise, the first of which is moved by `told`. */
function drawn(kind: string, count: number, shift = 0, told?: number): CalibrationImage[] {
  const [random, noise] = [uniform(kind, 1), uniform(`features/${kind}`, 1)];
  const featuresOf = (n: number): Evidence["features"] =>
    told === undefined ? {} : { clipFeatures: Float32Array.from({ length: 40 }, (_, i) => noise.at(n * 40 + i) + (i === 0 ? told : 0)) };
  return Array.from({ length: count }, (_, n) => ({
    name: `${kind}/${n}`,
    targets: [{ signs: signsOf((_, i) => random.at(n * measured.length + i) + (i < 2 ? shift : 0)), features: featuresOf(n) }],
  }));
}

describe("signs of the map", () => {
  test("compactness is the share within the coarse mask, purity the difference of means", () => {
    const map = { width: 2, height: 2, data: Float32Array.of(0.9, 0.7, 0.1, 0.3) };
    const coarse = { width: 2, height: 2, data: Uint8Array.of(1, 1, 0, 0) };
    const { compactness, purity } = mapSigns(map, coarse);
    expect(compactness).toBeCloseTo(1.6 / 2, 6);
    expect(purity).toBeCloseTo(0.8 - 0.2, 6);
  });
  test("a coarse mask that is empty or of another size is an error", () => {
    const map = { width: 2, height: 1, data: Float32Array.of(1, 0) };
    expect(() => mapSigns(map, { width: 2, height: 1, data: Uint8Array.of(0, 0) })).toThrow("the coarse mask is empty");
    expect(() => mapSigns(map, { width: 1, height: 1, data: Uint8Array.of(1) })).toThrow("the map is 2 x 1, the coarse mask 1 x 1");
  });
});

describe("logistic regression", () => {
  test("without a difference it gives the even odds, and with one the weights of the optimum", () => {
    const { weights, bias } = fitLogistic([[1], [-1], [1], [-1]], [0, 0, 1, 1]);
    expect([weights[0], bias]).toEqual([expect.closeTo(0, 9), expect.closeTo(0, 9)]);
    // One feature, +1 for the three ones and -1 for the three zeros: the optimum solves 6 σ(-w) = w (λ = 1).
    const { weights: parted } = fitLogistic([[1], [1], [1], [-1], [-1], [-1]], [1, 1, 1, 0, 0, 0]);
    expect(6 / (1 + Math.exp(parted[0]!))).toBeCloseTo(parted[0]!, 8);
  });
  test("classes count the same, however many rows they have", () => {
    const rows = [[0.5], [0.5], [0.5], [0.5], [0.5], [0.5], [-0.5]];
    const { bias } = fitLogistic(rows, [1, 1, 1, 1, 1, 1, 0], { ridge: 1e6 });
    expect(bias).toBeCloseTo(0, 4);
  });
  test("one class alone is an error", () => {
    expect(() => fitLogistic([[1]], [1])).toThrow("at least one row of each class");
  });
});

describe("a calibration", () => {
  test("keeps the rate of false alarms on new images, and finds what differs", () => {
    const { calibration, sensitivity, falseAlarmsAt90 } = calibrate(drawn("a", 400), drawn("b", 400, 1.5), { falseAlarms: 0.1 });
    const share = (images: CalibrationImage[]) =>
      images.filter(({ targets }) => judge(calibration, targets[0]).isPresent).length / images.length;
    // 200 negatives set the threshold: the rate on new ones is a Beta variable of mean 0.1 and deviation 0.021.
    expect(share(drawn("new", 4000))).toBeGreaterThan(0.1 - 0.075);
    expect(share(drawn("new", 4000))).toBeLessThan(0.1 + 0.075);
    expect(share(drawn("found", 1000, 1.5))).toBeGreaterThan(0.95);
    expect(sensitivity).toBeGreaterThan(0.95);
    expect(falseAlarmsAt90).toBeLessThan(0.05);
    expect(calibration.weights).toBe("fitted");
    expect(calibration.signs.textMargin.weight).toBeGreaterThan(4 * Math.abs(calibration.signs.samScore.weight));
  });
  test("with negatives alone all signs weigh the same, and a sign without variance nothing", () => {
    const withPeak = (one: Evidence | undefined, peak: number): Evidence => ({ ...one!, signs: { ...one!.signs, peak } });
    const images = drawn("a", 100).map(({ name, targets }) => ({ name, targets: targets.map((one) => withPeak(one, 3)) }));
    const { calibration, falseAlarms, sensitivity } = calibrate(images, []);
    expect([calibration.signs.peak, calibration.signs.clipFeatures].map(({ deviation }) => deviation)).toEqual([0, 0]);
    const counting = measured.filter((name) => name !== "peak");
    expect(new Set(counting.map((name) => calibration.signs[name].weight))).toEqual(new Set([1 / Math.sqrt(counting.length)]));
    expect(calibration.discriminants).toEqual({});
    expect(falseAlarms).toBeLessThanOrEqual(0.1);
    expect(sensitivity).toBeNull();
    const same = judge(calibration, withPeak(images[0]!.targets[0], 7));
    expect(same.score).toBe(judge(calibration, images[0]!.targets[0]).score);
  });
  test("learns from features what no sign tells, without its own fit flattering it", () => {
    const { calibration, sensitivity, repeated } = calibrate(drawn("a", 100, 0, 0), drawn("b", 100, 0, 1.5));
    expect(sensitivity).toBeGreaterThan(0.9);
    expect(repeated).toMatchObject({ halves: 20 });
    expect(repeated!.sensitivity).toBeGreaterThan(0.9);
    expect(repeated!.falseAlarmsAt90).toBeLessThan(0.1);
    const { weights } = calibration.discriminants.clipFeatures!;
    expect(Math.abs(weights[0]!)).toBeGreaterThan(2 * Math.max(...weights.slice(1).map(Math.abs)));
    expect(calibration.discriminants).not.toHaveProperty("samFeatures");
    // Features that tell nothing get no weight to speak of, though 40 of them part the 50 fitted images perfectly.
    const noise = calibrate(drawn("a", 50, 0, 0), drawn("b", 50, 1.5, 0)).calibration.signs;
    expect(Math.abs(noise.clipFeatures.weight)).toBeLessThan(0.2 * noise.textMargin.weight);
    expect(() => judge(calibration, drawn("c", 1)[0]!.targets[0])).toThrow("has 40 weights for clipFeatures, but there are 0 features");
  });
  test("of an earlier form is refused", () => {
    const { calibration } = calibrate(drawn("a", 40), []);
    expect(Calibration.safeParse(JSON.parse(JSON.stringify(calibration))).success).toBe(true);
    expect(Calibration.safeParse({ ...calibration, version: 1 }).success).toBe(false);
  });
  test("too few negatives are an error that says how many are needed", () => {
    expect(() => calibrate(drawn("a", 16), [])).toThrow("a false-alarm rate of 0.1 needs at least 17 images without the target, got 16");
    expect(() => calibrate(drawn("a", 36), [], { falseAlarms: 0.05 })).toThrow("needs at least 37 images");
    calibrate(drawn("a", 17), []);
  });
  test("where nothing is found there is no alarm; where that is so in all negatives, whatever is found counts", () => {
    const nothing = Array.from({ length: 40 }, (_, i) => ({ name: `${i}`, targets: [undefined] }));
    const { calibration, falseAlarms } = calibrate(nothing, drawn("b", 40));
    expect(falseAlarms).toBe(0);
    expect(judge(calibration, undefined)).toEqual({ score: null, isPresent: false });
    expect(judge(calibration, drawn("c", 1)[0]!.targets[0]).isPresent).toBe(true);
  });
  test("does not depend on the order of the images", () => {
    const images = drawn("a", 60);
    fc.assert(
      fc.property(fc.shuffledSubarray(images, { minLength: 60 }), (shuffled) => {
        const [one, other] = [calibrate(images, []), calibrate(shuffled, [])].map(({ calibration }) => calibration);
        expect(other!.threshold).toBeCloseTo(one!.threshold, 9);
      }),
      { numRuns: 5 },
    );
  });
});
