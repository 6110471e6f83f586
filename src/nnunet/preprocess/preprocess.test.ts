import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { describeWith, readCase } from "../../../test/support/shared-data.ts";
import type { NormalisationScheme } from "../plan/types.ts";
import { classLocations, cropToNonZero, normalise, preprocess, resampledSize } from "./index.ts";

const zScores = { scheme: "ZScoreNormalization", useMask: false } as const;

// Columns 0 and 3 are empty, so columns 1 and 2 stay, where the two zero pixels get label -1 unless they have one.
test("a case is cut to its non-zero part, where pixels without a value get label -1 unless they have a label", () => {
  const image = { channels: 2, height: 2, width: 4, data: Float32Array.of(0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0) };
  const { labels, box, image: cut } = cropToNonZero(image, Int16Array.of(1, 0, 2, 1, 0, 0, 0, 0));
  expect(box).toEqual({ x0: 1, y0: 0, x1: 3, y1: 2 });
  expect(Array.from(labels)).toEqual([0, 2, -1, 0]);
  expect(cut).toEqual({ channels: 2, height: 2, width: 2, data: Float32Array.of(5, 0, 0, 0, 0, 0, 0, 7) });
});

test("an image without any value stays whole", () => {
  const { box, labels } = cropToNonZero({ channels: 1, height: 1, width: 2, data: new Float32Array(2) });
  expect(box).toEqual({ x0: 0, y0: 0, x1: 2, y1: 1 });
  expect(Array.from(labels)).toEqual([-1, -1]);
  expect(Array.from(normalise(new Float32Array(2), labels, [{ ...zScores, useMask: true }]))).toEqual([0, 0]);
});

// Mean 3 and standard deviation 1 of 2 and 4; the pixel outside keeps its 0.
test("z-scores within the mask leave out pixels outside, and leave them as they are", () => {
  const found = normalise(Float32Array.of(2, 0, 4), Int16Array.of(0, -1, 1), [{ ...zScores, useMask: true }]);
  expect(Array.from(found)).toEqual([-1, 0, 1]);
});

test("a constant image becomes zeros", () => {
  const plane = Float32Array.of(7, 7);
  for (const scheme of ["ZScoreNormalization", "RescaleTo01Normalization"] as const) {
    expect(Array.from(normalise(plane, new Int16Array(2), [{ scheme, useMask: false }]))).toEqual([0, 0]);
  }
});

test("what does not fit the plans is an error that says so", () => {
  const image = { channels: 1, height: 1, width: 2, data: Float32Array.of(300, 1) };
  const settings = (scheme: NormalisationScheme) => ({ channels: [{ scheme, useMask: false }], spacing: [1, 1] as const });
  const run = (scheme: NormalisationScheme, spacing: [number, number] = [1, 1]) => preprocess({ image, spacing }, settings(scheme));
  expect(() => run("RGBTo01Normalization")).toThrow(/values must lie in 0 to 255, got 1 to 300/);
  expect(() => run("CTNormalization")).toThrow(/needs the foreground intensities/);
  expect(() => run("ZScoreNormalization", [0, 1])).toThrow(/spacings must be positive/);
  expect(() => preprocess({ image: { ...image, channels: 2, width: 1 }, spacing: [1, 1] }, settings("NoNormalization"))).toThrow(
    /the plans are for images of 1 channels, got 2/,
  );
});

// 101 columns of 3 mm are 151.5 of 2 mm: the even neighbour is 152; 99 of them are 148.5: 148.
test("sizes after resampling are rounded half to even", () => {
  expect(resampledSize({ width: 101, height: 99 }, [3, 3], [2, 2])).toEqual({ width: 152, height: 148 });
});

test("class locations are pixels of their class, each once, at most 10,000 of few and one in a hundred of many", () => {
  const labels = Int16Array.from({ length: 1_200_000 }, (_, i) => (i < 20_000 ? 2 : i % 3 === 0 ? 1 : 0));
  const [many, few, none, region] = classLocations(labels, [[0], [2], [3], [1, 2]], { seed: 1, name: "case" });
  expect([many!.count, many!.pixels.length]).toEqual([786_667, 10_000]);
  expect([few!.count, few!.pixels.length]).toEqual([20_000, 10_000]);
  expect([none!.count, none!.pixels.length]).toEqual([0, 0]);
  expect([region!.count, region!.pixels.length]).toEqual([413_333, 10_000]);
  expect(new Set(few!.pixels).size).toBe(10_000);
  expect(few!.pixels.every((pixel) => labels[pixel] === 2)).toBe(true);
  const again = classLocations(labels, [[2]], { seed: 1, name: "case" });
  expect(again[0]!.pixels).toEqual(few!.pixels);
  expect(classLocations(labels, [[2]], { seed: 1, name: "another" })[0]!.pixels).not.toEqual(few!.pixels);
  expect(classLocations(new Int16Array(1_200_000), [[0]], { seed: 1, name: "case" })[0]!.pixels.length).toBe(12_000);
});

const file = "parity/nnunet/primitives.safetensors";

describeWith([file], "crop and normalisation give nnU-Net's arrays", async () => {
  const { tensors, settings } = await readCase<{ CT: { mean: number; std: number; percentile_00_5: number; percentile_99_5: number } }>(
    file,
  );
  const data = (name: string) => tensors.get(name)!.data as Float32Array;
  const schemes = [...tensors.keys()].filter((name) => /^norm\/\w+Normalization/.test(name)).map((name) => name.slice("norm/".length));

  // Seen: 2e-7.
  test.each(schemes)("%s", (name) => {
    const scheme = name.replace("_masked", "") as NormalisationScheme;
    const channel = { scheme, useMask: name.endsWith("_masked"), intensities: settings.CT };
    expectClose(normalise(data("norm/image"), Int16Array.from(data("norm/seg")), [channel]), data(`norm/${name}`), 1e-6);
  });

  test("crop to the non-zero part", () => {
    const [channels, height, width] = tensors.get("crop/image")!.shape as [number, number, number];
    const found = cropToNonZero({ channels, height, width, data: data("crop/image") }, Int16Array.from(data("crop/label")));
    expect([channels, found.image.height, found.image.width]).toEqual(tensors.get("crop/out_image")!.shape);
    expect(found.image.data).toEqual(data("crop/out_image"));
    expect(Array.from(found.labels)).toEqual(Array.from(data("crop/out_seg")));
  });
});
