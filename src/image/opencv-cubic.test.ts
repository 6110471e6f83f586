import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose, largestDifference } from "../../test/support/close.ts";
import { loadOpenCv } from "../../test/support/opencv.ts";
import { anyGray, mirrored } from "../../test/support/pictures.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { ShapeError } from "../errors.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { opencvCubic } from "./opencv-cubic.ts";

test("by hand: four samples around the middle of a row", () => {
  // Output 1 of 2 lies at 1.5 · 4 / 2 - 0.5 = 2.5: weights k(±0.5) = 19/32 and k(±1.5) = -3/32 of samples 1, 2, 3 and 3 again.
  const row = { width: 4, height: 1, data: Float32Array.of(0, 0, 32, 64) };
  expectClose(opencvCubic(row, { width: 2, height: 1 }).data, [-3, 19 + 38 - 6], 1e-5);
});

test("an edge overshoots in floats and is clamped in bytes", () => {
  const size = { width: 8, height: 1 };
  const floats = opencvCubic({ width: 4, height: 1, data: Float32Array.of(0, 0, 255, 255) }, size).data;
  expect([Math.min(...floats) < 0, Math.max(...floats) > 255]).toEqual([true, true]);
  const bytes = opencvCubic({ width: 4, height: 1, data: Uint8Array.of(0, 0, 255, 255) }, size).data;
  expect([...bytes]).toEqual([...floats].map((value) => Math.min(255, Math.max(0, Math.round(value)))));
});

test("a size of nothing is refused", () => {
  expect(() => opencvCubic({ width: 1, height: 1, data: Uint8Array.of(1) }, { width: 1, height: 0 })).toThrow(ShapeError);
});

describeWith(["parity/clip/resize.safetensors"], "arrays resized by OpenCV's cubic", async () => {
  const { tensors } = await readSafetensors(sharedPath("parity/clip/resize.safetensors"));
  const names = [...tensors.keys()].filter((name) => name.includes("cv_cubic"));
  test.for(names)("%s", (name) => {
    const [input, { shape, data }] = [tensors.get(`${name.split(".")[0]}.input`)!, tensors.get(name)!];
    const raster = { width: input.shape[1]!, height: input.shape[0]!, data: input.data as Uint8Array };
    expectClose(opencvCubic(raster, { width: shape[1]!, height: shape[0]! }).data, data as Uint8Array, 0, name);
  });
});

const side = fc.integer({ min: 1, max: 40 });

test("random pictures agree with OpenCV in WebAssembly: bytes to a level, floats to 2e-6", async () => {
  const cv = await loadOpenCv();
  fc.assert(
    fc.property(anyGray(30), side, side, ({ width: w, height: h, data }, width, height) => {
      const to = new cv.Mat();
      const bytes = cv.matFromArray(h, w, cv.CV_8UC1, [...data]);
      cv.resize(bytes, to, new cv.Size(width, height), 0, 0, cv.INTER_CUBIC);
      // This build rounds weights to 11 bits: 4 % of the values are a level away. Native OpenCV does not (golden rows above).
      expect(largestDifference(opencvCubic({ width: w, height: h, data }, { width, height }).data, to.data)).toBeLessThanOrEqual(1);
      const values = Float32Array.from(data, (level) => level / 255);
      const floats = cv.matFromArray(h, w, cv.CV_32FC1, [...values]);
      cv.resize(floats, to, new cv.Size(width, height), 0, 0, cv.INTER_CUBIC);
      // Measured over 3,000 random sizes: 1.3e-6, with values beyond [0, 1]; it computes its weights in float32, we in float64.
      expectClose(opencvCubic({ width: w, height: h, data: values }, { width, height }).data, to.data32F, 2e-6);
      for (const mat of [bytes, floats, to]) mat.delete();
    }),
  );
});

test("a constant stays constant, and a picture of its own size itself", () => {
  fc.assert(
    fc.property(anyGray(20), side, side, fc.nat(255), (picture, width, height, level) => {
      const flat = { ...picture, data: picture.data.map(() => level) };
      expect(opencvCubic(flat, { width, height }).data.every((value) => value === level)).toBe(true);
      expect(opencvCubic(picture, picture).data).toEqual(picture.data);
    }),
  );
});

test("resizing the mirrored picture mirrors the result", () => {
  fc.assert(
    fc.property(anyGray(20), side, side, (picture, width, height) => {
      // One level: positions counted from the other side round otherwise.
      const [ours, other] = [opencvCubic(picture, { width, height }), opencvCubic(mirrored(picture), { width, height })];
      expectClose(other.data, mirrored(ours).data, 1);
    }),
  );
});
