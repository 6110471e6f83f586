import fc from "fast-check";
import { expect, test } from "vitest";
import { loadOpenCv } from "../../test/support/opencv.ts";
import { histogram } from "./histogram.ts";
import { otsuThreshold } from "./otsu.ts";

const of = (data: readonly number[]) => histogram({ width: data.length, height: 1, data: Uint8Array.from(data) });

test("two levels are cut at the lower one", () => {
  expect(otsuThreshold(of([10, 10, 10, 200]))).toBe(10);
});

test("one level has no threshold", () => {
  expect(otsuThreshold(of([77, 77]))).toBe(0);
});

test("random maps have the threshold that OpenCV finds", async () => {
  const cv = await loadOpenCv();
  const maps = fc.array(fc.nat(255), { minLength: 1, maxLength: 300 });
  const fewLevels = fc.array(fc.constantFrom(0, 50, 51, 200, 255), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.oneof(maps, fewLevels), (levels) => {
      const [from, to] = [cv.matFromArray(1, levels.length, cv.CV_8UC1, levels), new cv.Mat()];
      const theirs = cv.threshold(from, to, 0, 255, cv.THRESH_BINARY + cv.THRESH_OTSU) as unknown as number;
      from.delete();
      to.delete();
      expect(otsuThreshold(of(levels))).toBe(theirs);
    }),
    { numRuns: 300 },
  );
});

test("the number of pixels does not matter, their shares do", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 2, maxLength: 50 }), (levels) => {
      const [low, high] = [otsuThreshold(of(levels)), otsuThreshold(of([...levels, ...levels]))];
      const foreground = (threshold: number) => levels.filter((level) => level > threshold).length;
      expect(foreground(low)).toBe(foreground(high));
    }),
  );
});
