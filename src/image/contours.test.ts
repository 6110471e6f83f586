import fc from "fast-check";
import { expect, test } from "vitest";
import { loadOpenCv } from "../../test/support/opencv.ts";
import { anyMask, drawn } from "../../test/support/pictures.ts";
import { components } from "./components.ts";
import { outerContours, outline } from "./contours.ts";

const nested = drawn(
  "#######..", //
  "#.....#..",
  "#.###.#.#",
  "#.#.#.#..",
  "#.###.#..",
  "#.....#..",
  "#######..",
);

test("what lies in a hole of another component has no outer contour", () => {
  expect(components(nested).components).toHaveLength(3);
  expect(outerContours(nested).map((c) => c.box)).toEqual([
    { x0: 0, y0: 0, x1: 7, y1: 7 },
    { x0: 8, y0: 2, x1: 9, y1: 3 },
  ]);
});

test("a ring that is open on a diagonal has no hole only when its pixels do not touch", () => {
  // Background goes round corners by sides alone, so the first ring is closed, and its dot has no contour.
  expect(outerContours(drawn("..#..", ".#.#.", "#.#.#", ".#.#.", "..#..")).length).toBe(1);
  expect(outerContours(drawn(".###", ".#.#", "#..#", "####")).length).toBe(1);
  expect(outerContours(drawn("####.", "#..#.", "#.#..", "#....", "#####")).length).toBe(1);
});

test("a component at the left edge of the picture is an outer one", () => {
  expect(outerContours(drawn("#.", "##")).map((c) => c.label)).toEqual([1]);
});

test("the outline is what touches the background or the edge with a side", () => {
  const rows = ["####", "####", "####", "####"];
  expect(outline(drawn(...rows))).toEqual(drawn("####", "#..#", "#..#", "####"));
  expect(outline(drawn(".....", ".###.", ".###.", ".###.", "....."))).toEqual(drawn(".....", ".###.", ".#.#.", ".###.", "....."));
});

test("random masks have the outer contours that OpenCV finds", async () => {
  const cv = await loadOpenCv();
  fc.assert(
    fc.property(anyMask(14), (mask) => {
      const [from, contours, hierarchy] = [
        cv.matFromArray(mask.height, mask.width, cv.CV_8UC1, [...mask.data]),
        new cv.MatVector(),
        new cv.Mat(),
      ];
      cv.findContours(from, contours, hierarchy, cv.RETR_EXTERNAL, cv.CHAIN_APPROX_SIMPLE);
      const theirs = Array.from({ length: contours.size() }, (_, i) => {
        const { x, y, width, height } = cv.boundingRect(contours.get(i));
        return [x, y, x + width, y + height].join();
      });
      const ours = outerContours(mask).map(({ box }) => [box.x0, box.y0, box.x1, box.y1].join());
      expect(ours.sort()).toEqual(theirs.sort());
      for (const mat of [from, contours, hierarchy]) mat.delete();
    }),
    { numRuns: 500 },
  );
});
