import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { describeWith, readCase, sharedJson } from "../../../test/support/shared-data.ts";
import { type Architecture, configOf, writeUNet } from "../../../test/support/unet-cases.ts";
import type { Planes } from "../../augment/index.ts";
import { unetFamily } from "../../models/unet/index.ts";
import { Weights } from "../../models/weights.ts";
import { normal } from "../../tensor/random.ts";
import { patchNetwork } from "../model/index.ts";
import { type PredictPatches, referenceWindows, slidingWindow, type WindowMapKind, windowMap, windowStarts } from "./index.ts";

const patch = { width: 6, height: 4 };
const plain = { patch, outputs: 1, areExclusive: true };
const picture = (height: number, width: number, channels = 1): Planes => ({
  ...{ channels, height, width },
  data: normal("picture", 1, channels * height * width),
});

/** Gives back its first channel. */
const identity: PredictPatches = async (batch, [n, c, h, w]) =>
  Float32Array.from({ length: n * h * w }, (_, i) => batch[Math.floor(i / (h * w)) * c * h * w + (i % (h * w))]!);

/** Gives the column of each pixel in its patch. */
const column: PredictPatches = async (_, [n, , h, w]) => Float32Array.from({ length: n * h * w }, (_, i) => i % w);

test("a network that gives back the image gives the image, whatever its size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 17 }),
      fc.integer({ min: 1, max: 15 }),
      fc.integer({ min: 1, max: 7 }),
      async (h, w, batchSize) => {
        const image = picture(h, w, 2);
        const { data, width, height } = await slidingWindow(image, identity, { ...plain, batchSize });
        expect([width, height]).toEqual([w, h]);
        expectClose(data, image.data.subarray(0, h * w), 1e-6);
      },
    ),
  );
});

// A patch of 4 columns over 6: windows begin at 0 and 2, so that columns 2 and 3 lie in both. Mirrored, column x of a window is 3 - x.
test("windows are averaged where they overlap, and mirrored copies are turned back", async () => {
  const image = picture(1, 6);
  const settings = { ...plain, patch: { width: 4, height: 1 }, map: "uniform" } as const;
  const { data } = await slidingWindow(image, column, { ...settings, mirrorAxes: [] });
  expect(Array.from(data)).toEqual([0, 1, (2 + 0) / 2, (3 + 1) / 2, 2, 3]);
  expect(Array.from((await slidingWindow(image, column, settings)).data)).toEqual(new Array(6).fill(1.5));
});

test("a small image is padded with zeros, the smaller half before", async () => {
  const seen: number[][] = [];
  const watch: PredictPatches = async (batch, shape) => {
    seen.push(Array.from(batch));
    return identity(batch, shape);
  };
  const image = { channels: 1, height: 1, width: 3, data: Float32Array.of(1, 2, 3) };
  await slidingWindow(image, watch, { ...plain, patch: { width: 6, height: 2 }, batchSize: 1 });
  expect(seen).toEqual([
    [0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0],
    [0, 0, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 3, 2, 1, 0],
  ]);
});

test("the size of batches does not change the result, and copies go one by one by default", async () => {
  const image = picture(9, 13, 2);
  const run = (batchSize?: number) => slidingWindow(image, identity, { ...plain, ...(batchSize === undefined ? {} : { batchSize }) });
  const found = await run();
  for (const size of [3, 4, 100]) expect((await run(size)).data).toEqual(found.data);
  const shapes: (readonly number[])[] = [];
  const seen: PredictPatches = (batch, shape) => {
    shapes.push(shape);
    return identity(batch, shape);
  };
  await slidingWindow(picture(4, 6), seen, plain);
  expect(shapes).toEqual(new Array(4).fill([1, 1, 4, 6]));
});

test("a step out of range and a network of another size are errors", async () => {
  await expect(slidingWindow(picture(4, 6), identity, { ...plain, step: 0 })).rejects.toThrow(
    /the step must be above 0 and at most 1, got 0/,
  );
  await expect(slidingWindow(picture(4, 6), identity, { ...plain, outputs: 2 })).rejects.toThrow(
    /should give \[1, 2, 4, 6\], got 24 values/,
  );
  const signal = AbortSignal.abort();
  await expect(slidingWindow(picture(4, 6), identity, { ...plain, signal })).rejects.toThrow("cancelled");
});

test("a uniform map is 1, and every weight of a Gaussian is above 0", () => {
  expect(Array.from(windowMap({ width: 2, height: 1 }, "uniform"))).toEqual([1, 1]);
  for (const kind of ["gaussian", "gaussian-2.8.1", "gaussian-2.1.1"] as const) {
    const map = windowMap({ width: 300, height: 7 }, kind);
    expect(Math.min(...map)).toBeGreaterThan(0);
  }
});

const schedule = "parity/nnunet/schedule.json";

describeWith([schedule], "window starts", () => {
  const { window_starts: rows } = sharedJson<{ window_starts: { size: number; patch: number; step: number; starts: number[] }[] }>(
    schedule,
  );
  test.each(rows)("$size, patch $patch, step $step", ({ size, patch: length, step, starts }) => {
    expect(windowStarts(size, length, step)).toEqual(starts);
  });
});

const file = "parity/nnunet/sliding_window.safetensors";

describeWith([file], "the sliding window gives nnU-Net's arrays", async () => {
  const { tensors, settings } = await readCase<{
    architecture: Architecture;
    patch: [number, number];
    gaussian_strides: Record<string, number>;
  }>(file);
  const folder = await mkdtemp(join(tmpdir(), "medclip-sam-"));
  const config = configOf(settings.architecture, 1, 2);
  const weights = await Weights.open(await writeUNet(join(folder, "unet.safetensors"), config, settings.seed), unetFamily);
  const { predict, dispose } = patchNetwork(weights, config);
  afterAll(async () => {
    await dispose();
    await rm(folder, { recursive: true });
  });
  const data = (name: string) => tensors.get(name)!.data as Float32Array;
  const image = (name: string): Planes => {
    const [channels, height, width] = tensors.get(name)!.shape as [number, number, number];
    return { channels, height, width, data: data(name) };
  };
  const [height, width] = settings.patch;
  const base = { patch: { height, width }, outputs: 2, areExclusive: true };
  const kinds: Record<string, WindowMapKind> = { "": "gaussian", _half_x10: "gaussian-2.8.1", "_2.1.1_half_x1000": "gaussian-2.1.1" };

  // Seen: 6e-8 of float64 maps, 0 of the others.
  test.each([...tensors.keys()].filter((name) => name.startsWith("gaussian")))("%s", (name) => {
    const [, length, kind] = /^gaussian(\d+)(.*)$/.exec(name)!;
    const [size, stride] = [Number(length), settings.gaussian_strides[length!]!];
    const map = windowMap({ width: size, height: size }, kinds[kind!]);
    const some = map.filter((_, i) => (i % size) % stride === 0 && Math.floor(i / size) % stride === 0);
    expectClose(some, data(name), kind === "" ? 1e-6 : 0);
  });

  const variants = { full: {}, no_mirror: { mirrorAxes: [] }, no_gaussian: { map: "uniform" } } as const;
  const cases = ["large", "small"].flatMap((size) => Object.keys(variants).map((name) => [size, name as keyof typeof variants] as const));

  // Seen: 6e-6.
  test.each(cases)("%s, %s", async (size, variant) => {
    const { data: found } = await slidingWindow(image(`${size}/input`), predict, { ...base, ...variants[variant] });
    expectClose(found, data(`${size}/${variant}`), 5e-5);
  });

  // Seen: the same bits in 98 of 100 values. Where the last bit of a float32 logit falls on the edge of a half, sums differ by a unit of half precision.
  test.each(cases)("%s, %s, in nnU-Net's precision", async (size, variant) => {
    const reference = { ...base, ...referenceWindows["2.8.1"], ...variants[variant] };
    const { data: found } = await slidingWindow(image(`${size}/input`), predict, reference);
    const expected = data(`${size}/${variant}_nnunetv2_half`);
    expectClose(found, expected, 0.0079);
    const equal = found.filter((value, i) => value === expected[i]).length;
    expect(equal / expected.length).toBeGreaterThan(0.95);
  });
});
