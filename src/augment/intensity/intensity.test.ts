import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { normal, uniform } from "../../tensor/random.ts";
import {
  brightness,
  changeWindow,
  contrast,
  drawBlur,
  drawBrightness,
  drawContrast,
  drawGamma,
  drawLowResolution,
  drawNoise,
  drawWindow,
  gamma,
  gaussianBlur,
  gaussianNoise,
  lowResolution,
  type Planes,
} from "../index.ts";

const planes = (height: number, width: number, ...values: number[]): Planes => ({
  channels: values.length / (height * width),
  height,
  width,
  data: Float32Array.from(values),
});
const field: Planes = { channels: 2, height: 13, width: 17, data: normal("intensity", 1, 2 * 13 * 17).map((value) => 100 + 30 * value) };
const bytes = ({ data }: Planes) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const meanAndStd = (values: Float32Array) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
};
const windowOf = (centre: number, width: number) => ({ centre, width });

describe("parameters that change nothing give the same bytes", () => {
  test.each<[string, (image: Planes) => Planes]>([
    ["gamma", (image) => gamma(image, { gamma: [1], inverted: false })],
    ["gamma of the negative", (image) => gamma(image, { gamma: [1], inverted: true })],
    ["contrast", (image) => contrast(image, { factor: [1] })],
    ["brightness", (image) => brightness(image, { factor: [1] })],
    ["noise", (image) => gaussianNoise(image, { sigma: 0, perChannel: true, seed: 1 })],
    ["blur", (image) => gaussianBlur(image, { sigma: [null] })],
    ["blur of no width", (image) => gaussianBlur(image, { sigma: [[0, 0]] })],
    ["low resolution", (image) => lowResolution(image, { zoom: [1], up: "cubic" })],
    ["low resolution of no channel", (image) => lowResolution(image, { zoom: [null, null] })],
    ["CT window", (image) => changeWindow(image, { from: windowOf(40, 400), to: windowOf(40, 400) })],
  ])("%s", (_, apply) => {
    const before = bytes(field).slice();
    const result = apply(field);
    expect(bytes(result)).toEqual(before);
    expect(result.data).not.toBe(field.data);
  });
});

test("no transform changes its input", () => {
  const before = field.data.slice();
  gamma(field, { gamma: [0.8], inverted: true });
  contrast(field, { factor: [1.2] });
  brightness(field, { factor: [1.2, 0.7] });
  gaussianNoise(field, { sigma: 3, perChannel: false, seed: 1 });
  gaussianBlur(field, { sigma: [[1, 2]] });
  lowResolution(field, { zoom: [0.5] });
  changeWindow(field, { from: windowOf(0, 1), to: windowOf(1, 2) });
  expect(field.data).toEqual(before);
});

describe("gamma", () => {
  test("known values", () => {
    // Squares of 0, 1/2 and 1 are 0, 1/4 and 1: mean 5/12, variance 26/144; before: mean 1/2, variance 1/6.
    const { data } = gamma(planes(1, 3, 0, 0.5, 1), { gamma: [2], inverted: false });
    const stretch = Math.sqrt(1 / 6 / (26 / 144));
    expectClose(
      data,
      [0, 0.25, 1].map((value) => (value - 5 / 12) * stretch + 0.5),
      1e-6,
    );
  });

  test.each([false, true])("keeps mean and standard deviation, inverted: %s", (inverted) => {
    const result = gamma(field, { gamma: [0.7, 1.5], inverted });
    for (const c of [0, 1]) {
      const [before, after] = [field, result].map(({ data }) => meanAndStd(data.subarray(c * 221, (c + 1) * 221)));
      expect(after!.mean).toBeCloseTo(before!.mean, 3);
      expect(after!.std).toBeCloseTo(before!.std, 3);
    }
  });

  test("of the negative is the negative of gamma of the negative", () => {
    const negative = { ...field, data: field.data.map((value) => -value) };
    const direct = gamma(field, { gamma: [1.4], inverted: true });
    expectClose(
      direct.data,
      gamma(negative, { gamma: [1.4], inverted: false }).data.map((value) => -value),
      1e-4,
    );
  });

  test("an image of one value stays finite", () => {
    expect([...gamma(planes(1, 3, 7, 7, 7), { gamma: [0.7], inverted: false }).data]).toEqual([7, 7, 7]);
  });
});

test("contrast scales about the mean and keeps the range", () => {
  expect([...contrast(planes(1, 4, 0, 4, 6, 10), { factor: [1.5] }).data]).toEqual([0, 3.5, 6.5, 10]);
  expect([...contrast(planes(1, 4, 0, 4, 6, 10), { factor: [0.5] }).data]).toEqual([2.5, 4.5, 5.5, 7.5]);
});

test("brightness multiplies each channel by its own factor", () => {
  expect([...brightness(planes(1, 2, 1, -2, 3, 4), { factor: [2, 0.5] }).data]).toEqual([2, -4, 1.5, 2]);
  expect(() => brightness(planes(1, 2, 1, 2), { factor: [1, 2] })).toThrow(
    "brightness: there must be one parameter, or one for each of 1 channels, got 2",
  );
});

describe("noise", () => {
  test("has the standard deviation and the seed of its parameters", () => {
    const gray = { channels: 1, height: 200, width: 200, data: new Float32Array(40000) };
    const noise = gaussianNoise(gray, { sigma: 5, perChannel: false, seed: 7 }).data;
    expect(meanAndStd(noise).mean).toBeCloseTo(0, 0);
    expect(meanAndStd(noise).std).toBeCloseTo(5, 0);
    expect(gaussianNoise(gray, { sigma: 5, perChannel: false, seed: 7 }).data).toEqual(noise);
    expect(gaussianNoise(gray, { sigma: 5, perChannel: false, seed: 8 }).data).not.toEqual(noise);
  });

  test("keeps gray images gray unless channels have noise of their own", () => {
    const gray = planes(1, 2, 1, 2, 1, 2);
    const [same, own] = [false, true].map((perChannel) => gaussianNoise(gray, { sigma: 1, perChannel, seed: 1 }).data);
    expect(same!.subarray(0, 2)).toEqual(same!.subarray(2));
    expect(own!.subarray(0, 2)).not.toEqual(own!.subarray(2));
  });
});

describe("blur", () => {
  test("known values: three taps, the edge mirrored without itself", () => {
    const w = Math.exp(-2); // at one pixel, for a standard deviation of 0.5
    const total = 1 + 2 * w;
    const { data } = gaussianBlur(planes(1, 3, 0, 9, 3), { sigma: [[0, 0.5]] });
    expectClose(data, [(2 * w * 9) / total, (9 + w * 3) / total, (3 + 2 * w * 9) / total], 1e-6);
  });

  test("columns like rows", () => {
    const across = gaussianBlur(planes(1, 5, 1, 5, 2, 8, 4), { sigma: [[0, 0.8]] });
    const down = gaussianBlur(planes(5, 1, 1, 5, 2, 8, 4), { sigma: [[0.8, 0]] });
    expectClose(down.data, across.data, 1e-6);
  });

  test("images smaller than the kernel", () => {
    expect([...gaussianBlur(planes(1, 1, 5), { sigma: [[3, 3]] }).data]).toEqual([5]);
    expectClose(gaussianBlur(planes(1, 2, 5, 5), { sigma: [[3, 3]], as: "scipy" }).data, [5, 5], 1e-6);
  });
});

test("low resolution takes the pixels below the centres of the small ones and joins them", () => {
  const { data } = lowResolution(planes(1, 4, 10, 20, 30, 40), { zoom: [0.5] }); // small: 20, 40
  expect([...data]).toEqual([20, 25, 35, 40]);
});

test("a CT window shows Hounsfield units", () => {
  const shown = planes(1, 4, 0, 127.5, 255, 63.75); // -160, 40, 240 and -60 HU
  expect([...changeWindow(shown, { from: windowOf(40, 400), to: windowOf(40, 200) }).data]).toEqual([0, 127.5, 255, 0]);
  expect([...changeWindow(shown, { from: windowOf(40, 400), to: windowOf(140, 400) }).data]).toEqual([0, 63.75, 191.25, 0]);
});

describe("draws over many seeds", () => {
  const seeds = Array.from({ length: 2000 }, (_, seed) => seed);
  const stream = (seed: number) => uniform("draws", seed);

  test.each([
    ["gamma", [0.7, 1.5], (seed: number) => drawGamma(stream(seed), { gamma: [0.7, 1.5], inverted: false }, 2).gamma],
    ["contrast", [0.75, 1.25], (seed: number) => drawContrast(stream(seed), { factor: [0.75, 1.25] }, 2).factor],
    ["brightness", [0.75, 1.25], (seed: number) => drawBrightness(stream(seed), { factor: [0.75, 1.25] }, 2).factor],
  ] as const)("%s: half below 1, half above, in range, each channel its own", (_, [low, high], draw) => {
    const values = seeds.flatMap((seed) => draw(seed));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
    expect(Math.min(...values)).toBeLessThan(low + 0.01);
    expect(Math.max(...values)).toBeLessThanOrEqual(high);
    expect(Math.max(...values)).toBeGreaterThan(high - 0.01);
    expect(values.filter((value) => value < 1).length / values.length).toBeCloseTo(0.5, 1);
    expect(new Set(draw(1)).size).toBe(2);
  });

  test("a range on one side of 1 is uniform", () => {
    const values = seeds.map((seed) => drawContrast(stream(seed), { factor: [1.2, 1.4] }).factor[0]!);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(1.2);
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(1.3, 2);
  });

  test("blur and low resolution leave out channels, but not the only one", () => {
    const ranges = { channelProbability: 0.5, up: "linear" as const };
    const blurs = seeds.flatMap((seed) => drawBlur(stream(seed), { ...ranges, sigma: [0.5, 1] }, 2).sigma);
    const zooms = seeds.flatMap((seed) => drawLowResolution(stream(seed), { ...ranges, zoom: [0.5, 1] }, 2).zoom);
    for (const drawn of [blurs, zooms]) expect(drawn.filter((value) => value === null).length / drawn.length).toBeCloseTo(0.5, 1);
    for (const value of [...blurs.flat(), ...zooms]) if (value !== null) expect(value >= 0.5 && value < 1).toBe(true);
    expect(drawBlur(stream(1), { ...ranges, channelProbability: 0, sigma: [0.5, 1] }).sigma[0]).not.toBeNull();
    expect(drawLowResolution(stream(1), { ...ranges, channelProbability: 0, zoom: [0.5, 1] }).zoom[0]).not.toBeNull();
  });

  test("noise and window", () => {
    const noises = seeds.map((seed) => drawNoise(stream(seed), { sigma: [0, 0.1], perChannel: false }));
    for (const { sigma, seed } of noises) expect(sigma >= 0 && sigma < 0.1 && Number.isInteger(seed)).toBe(true);
    expect(new Set(noises.map(({ seed }) => seed)).size).toBeGreaterThan(1990);
    const windows = seeds.map((seed) => drawWindow(stream(seed), { centre: 40, width: 400, shift: [-0.1, 0.1], stretch: [0.8, 1.25] }));
    for (const { from, to } of windows) {
      expect(from).toEqual(windowOf(40, 400));
      expect(to.centre >= 0 && to.centre <= 80 && to.width >= 320 && to.width <= 500).toBe(true);
    }
  });
});
