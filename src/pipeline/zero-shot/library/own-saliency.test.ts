import { afterAll, beforeAll, expect, test } from "vitest";
import { nanoModels } from "../../../../test/support/tiny-run.ts";
import type { Image } from "../../../image/index.ts";
import type { OwnSaliencyMethod } from "../../../saliency/index.ts";
import type { ZeroShotModel } from "./in-memory.ts";
import { loadModel, segment, segmentTargets } from "./of-files.ts";

const image: Image = { width: 48, height: 40, data: Uint8Array.from({ length: 5760 }, (_, i) => (i * i) % 251) };
let model: ZeroShotModel;
beforeAll(async () => {
  model = await loadModel(await nanoModels());
});
afterAll(() => model.dispose());

/** The nano model sees 32 x 32 pixels in 8 x 8 patches. */
const corner: OwnSaliencyMethod = async () => Float32Array.from({ length: 64 }, (_, i) => (i % 8 < 3 && i < 24 ? 1 : 0));

test("map and mask come from the method of the caller", async () => {
  const { capacity, coarse, warnings } = await segment(model, image, "dark lesion", { saliencyMethod: corner });
  expect(capacity).toEqual(await corner({ width: 0, height: 0, data: new Uint8Array() }, new Float32Array(), model.text.clip));
  // The view is the middle of the image, 40 x 40 pixels from x = 4.
  const set = [...coarse.data.keys()].filter((i) => coarse.data[i]);
  expect(Math.min(...set.map((i) => i % 48))).toBe(4);
  expect(Math.max(...set.map((i) => i % 48))).toBeLessThan(24);
  expect(Math.max(...set.map((i) => Math.floor(i / 48)))).toBeLessThan(20);
  expect(warnings.filter((warning) => warning.includes("--"))).toEqual([]);
});

test("it receives the pixels that the model sees, the text embedding and the model", async () => {
  const seen: unknown[] = [];
  await segment(model, image, "dark lesion", {
    saliencyMethod: async (view, text, clip) => {
      seen.push(view.width, view.height, view.data.length, text.length, clip === model.text.clip);
      return await corner(view, text, clip);
    },
  });
  expect(seen).toEqual([32, 32, 3072, 16, true]);
});

test("settings of other methods are reported to have no effect", async () => {
  const { warnings } = await segment(model, image, "dark lesion", { saliencyMethod: corner, beta: 0.2 });
  expect(warnings).toContainEqual(expect.stringMatching(/^--beta has no effect with --saliency-method corner; it is for/));
});

test("its return value is checked", async () => {
  const returning = (values: unknown) =>
    segment(model, image, "dark lesion", { saliencyMethod: async () => values as Float32Array<ArrayBuffer> });
  await expect(returning([1, 2])).rejects.toThrow("segment: what your saliency method returns must be a Float32Array [8,8], got [1, 2].");
  await expect(returning(new Float32Array(9))).rejects.toThrow("what your saliency method returns must be [8,8] = 64 numbers, got 9.");
  await expect(returning(new Float32Array(64).fill(Number.NaN))).rejects.toThrow("must hold finite numbers, got NaN at 0");
});

test("implausible results are warnings: a box of the whole image, and targets with the same mask", async () => {
  const frame: OwnSaliencyMethod = async () =>
    Float32Array.from({ length: 64 }, (_, i) => (i % 8 === 0 || i % 8 === 7 || i < 8 || i >= 56 ? 1 : 0));
  const whole = expect.stringMatching(/^the box given to SAM is the whole image/);
  expect((await segment(model, image, "dark lesion", { saliencyMethod: frame, fit: "squash" })).warnings).toContainEqual(whole);
  const { targets } = await segmentTargets(model, image, { a: "dark", b: "lesion" }, { saliencyMethod: corner });
  expect(targets.a!.mask).toEqual(targets.b!.mask);
  for (const { warnings } of Object.values(targets)) {
    expect(warnings).toContainEqual(expect.stringMatching(/^the masks of "a" and "b" are nearly the same/));
    expect(warnings).not.toContainEqual(whole);
  }
});
