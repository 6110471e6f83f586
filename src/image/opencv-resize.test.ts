import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose, largestDifference } from "../../test/support/close.ts";
import { loadOpenCv } from "../../test/support/opencv.ts";
import { anyGray } from "../../test/support/pictures.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { opencvLinear, opencvNearest, opencvNearestIndex } from "./opencv-resize.ts";

test("nearest takes the published indices", () => {
  expect([...opencvNearestIndex(10, 4)]).toEqual([0, 2, 5, 7]);
  expect([...opencvNearestIndex(4, 10)]).toEqual([0, 0, 0, 1, 1, 2, 2, 2, 3, 3]);
  const wide = opencvNearestIndex(224, 640);
  expect([180, 340, 360].map((i) => wide[i])).toEqual([62, 118, 125]); // floor(i · 224 / 640) would be 63, 119, 126
});

test("linear blends in the middle and holds the edges", () => {
  const bytes = { width: 2, height: 1, data: Uint8Array.of(0, 200) };
  expect([...opencvLinear(bytes, { width: 4, height: 1 }).data]).toEqual([0, 50, 150, 200]);
  const floats = { width: 2, height: 1, data: Float32Array.of(0, 1) };
  expect([...opencvLinear(floats, { width: 4, height: 1 }).data]).toEqual([0, 0.25, 0.75, 1]);
});

describeWith(["parity/clip/resize.safetensors"], "arrays resized by OpenCV", async () => {
  const { tensors } = await readSafetensors(sharedPath("parity/clip/resize.safetensors"));
  const ours = { nearest: opencvNearest, linear: opencvLinear };
  test.for([...tensors.keys()].filter((name) => /cv_(nearest|linear)_/.test(name) && !name.includes("index")))("%s", (name) => {
    const [, index, method, type] = name.match(/^(\d+)\.cv_(nearest|linear)_(u8|f32)$/)!;
    const [input, { shape, data }] = [tensors.get(`${index}.input`)!, tensors.get(name)!];
    const bytes = input.data as Uint8Array;
    const raster = {
      width: input.shape[1]!,
      height: input.shape[0]!,
      data: type === "u8" ? bytes : Float32Array.from(bytes, (v) => v / 255),
    };
    const resized = ours[method as keyof typeof ours]<Uint8Array | Float32Array>(raster, { width: shape[1]!, height: shape[0]! });
    expectClose(resized.data, data as Uint8Array, method === "linear" && type === "f32" ? 1e-6 : 0, name);
  });
  test.for([...tensors.keys()].filter((name) => name.startsWith("cv_nearest_index.")))("%s", (name) => {
    const [, length, size] = name.match(/(\d+)_to_(\d+)$/)!;
    expect([...opencvNearestIndex(Number(length), Number(size))]).toEqual([...(tensors.get(name)!.data as Int32Array)]);
  });
});

test("random pictures agree with OpenCV itself: nearest exactly, linear to a level", async () => {
  const cv = await loadOpenCv();
  const side = fc.integer({ min: 1, max: 60 });
  fc.assert(
    fc.property(anyGray(20), side, side, ({ width: w, height: h, data }, width, height) => {
      const [from, to] = [cv.matFromArray(h, w, cv.CV_8UC1, [...data]), new cv.Mat()];
      cv.resize(from, to, new cv.Size(width, height), 0, 0, cv.INTER_NEAREST);
      expect([...opencvNearest({ width: w, height: h, data }, { width, height }).data]).toEqual([...to.data]);
      cv.resize(from, to, new cv.Size(width, height), 0, 0, cv.INTER_LINEAR);
      expect(largestDifference(opencvLinear({ width: w, height: h, data }, { width, height }).data, to.data)).toBeLessThanOrEqual(1);
      from.delete();
      to.delete();
    }),
  );
});

test("nearest invents no value, and gives the picture itself at its own size", () => {
  const side = fc.integer({ min: 1, max: 50 });
  fc.assert(
    fc.property(anyGray(15), side, side, (picture, width, height) => {
      const levels = new Set(picture.data);
      expect(opencvNearest(picture, { width, height }).data.every((level) => levels.has(level))).toBe(true);
      expect(opencvNearest(picture, picture).data).toEqual(picture.data);
      expect(opencvLinear(picture, picture).data).toEqual(picture.data);
    }),
  );
});
