import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose, largestDifference } from "../../test/support/close.ts";
import { loadOpenCv } from "../../test/support/opencv.ts";
import { anyGray, mirrored } from "../../test/support/pictures.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { ShapeError } from "../errors.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { opencvArea } from "./opencv-area.ts";

const rowOf = (...values: number[]) => ({ width: values.length, height: 1, data: Float32Array.from(values) });

test("by hand: three pixels become two, each of one and a half", () => {
  // (6 + 0.5 · 3) / 1.5 = 5 and (0.5 · 3 + 9) / 1.5 = 7
  expectClose(opencvArea(rowOf(6, 3, 9), { width: 2, height: 1 }).data, [5, 7], 1e-6);
});

test("by hand: two pixels become three, the middle one half of each", () => {
  expectClose(opencvArea(rowOf(6, 9), { width: 3, height: 1 }).data, [6, 7.5, 9], 1e-6);
});

test("by hand: where the height grows, the width is blended from two samples and not averaged", () => {
  // Output 0 begins in input 0; of its length, 1 - 1 · (1/4) = 3/4 lies beyond the border to input 1.
  expectClose(opencvArea(rowOf(0, 4, 100, 100), { width: 1, height: 2 }).data, [3, 3], 1e-6);
});

test("halves of bytes go to the even level, those of 2 x 2 pixels go up", () => {
  const bytes = (width: number, height: number) => ({ width, height, data: Uint8Array.of(0, 0, 0, 2) });
  expect([...opencvArea(bytes(4, 1), { width: 1, height: 1 }).data]).toEqual([0]); // 2 / 4 = 0.5
  expect([...opencvArea(bytes(2, 2), { width: 1, height: 1 }).data]).toEqual([1]);
});

test("a size of nothing is refused", () => {
  expect(() => opencvArea(rowOf(1), { width: 0, height: 1 })).toThrow(ShapeError);
});

describeWith(["parity/clip/resize.safetensors"], "arrays averaged by OpenCV", async () => {
  const { tensors } = await readSafetensors(sharedPath("parity/clip/resize.safetensors"));
  const names = [...tensors.keys()].filter((name) => name.includes("cv_area"));
  test.for(names)("%s", (name) => {
    const [input, { shape, data }] = [tensors.get(`${name.split(".")[0]}.input`)!, tensors.get(name)!];
    const raster = { width: input.shape[1]!, height: input.shape[0]!, data: input.data as Uint8Array };
    expectClose(opencvArea(raster, { width: shape[1]!, height: shape[0]! }).data, data as Uint8Array, 0, name);
  });
});

const side = fc.integer({ min: 1, max: 40 });

test("random pictures agree with OpenCV itself: bytes to a level, floats to 1e-6", async () => {
  const cv = await loadOpenCv();
  fc.assert(
    fc.property(anyGray(30), side, side, ({ width: w, height: h, data }, width, height) => {
      const to = new cv.Mat();
      const bytes = cv.matFromArray(h, w, cv.CV_8UC1, [...data]);
      cv.resize(bytes, to, new cv.Size(width, height), 0, 0, cv.INTER_AREA);
      // Measured over 3,000 random sizes: 3 of 1.1 million values are a level away, block means that lie on a half.
      expect(largestDifference(opencvArea({ width: w, height: h, data }, { width, height }).data, to.data)).toBeLessThanOrEqual(1);
      const values = Float32Array.from(data, (level) => level / 255);
      const floats = cv.matFromArray(h, w, cv.CV_32FC1, [...values]);
      cv.resize(floats, to, new cv.Size(width, height), 0, 0, cv.INTER_AREA);
      // Measured over the same: 1.2e-7.
      expectClose(opencvArea({ width: w, height: h, data: values }, { width, height }).data, to.data32F, 1e-6);
      for (const mat of [bytes, floats, to]) mat.delete();
    }),
  );
});

test("a constant stays constant, and a picture of its own size itself", () => {
  fc.assert(
    fc.property(anyGray(20), side, side, fc.nat(255), (picture, width, height, level) => {
      const flat = { ...picture, data: picture.data.map(() => level) };
      expect(opencvArea(flat, { width, height }).data.every((value) => value === level)).toBe(true);
      expect(opencvArea(picture, picture).data).toEqual(picture.data);
    }),
  );
});

test("shrinking the mirrored picture mirrors the result", () => {
  fc.assert(
    fc.property(anyGray(20), side, side, (picture, a, b) => {
      const size = { width: Math.min(a, picture.width), height: Math.min(b, picture.height) };
      // One level: sums in the other order round otherwise where a mean lies on a half.
      expectClose(opencvArea(mirrored(picture), size).data, mirrored(opencvArea(picture, size)).data, 1);
    }),
  );
});

test("the mean over the whole is kept where the size divides", () => {
  fc.assert(
    fc.property(anyGray(6), fc.integer({ min: 1, max: 5 }), (picture, times) => {
      const size = { width: picture.width * times, height: picture.height * times };
      const large = { ...size, data: Float32Array.from({ length: size.width * size.height }, (_, i) => (i * 7919) % 251) };
      const mean = (data: Float32Array) => data.reduce((sum, value) => sum + value, 0) / data.length;
      expect(mean(opencvArea(large, picture).data)).toBeCloseTo(mean(large.data), 3);
    }),
  );
});
