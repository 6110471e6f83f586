import { expect, test } from "vitest";
import { drawn } from "../../../test/support/pictures.ts";
import type { Mask } from "../../image/index.ts";
import { uniform } from "../../tensor/random.ts";
import { augmentedPoints, type PointRuleName, pointRules } from "./augmented-points.ts";

/** Gray but for a patch of noise in the right half. */
function sourceOf(mask: Mask) {
  const noise = uniform("patch", 1);
  const { width, height } = mask;
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return pixel % width > 20 ? 255 * noise.at(pixel) : 90;
  });
  return { mask, image: { width, height, data }, random: uniform("points", 4) };
}
const full = (width: number, height: number): Mask => ({ width, height, data: new Uint8Array(width * height).fill(1) });

test("the farthest pixel from the given point, then the farthest from both", () => {
  const mask = drawn("######", "######", "######", "######");
  const found = augmentedPoints("distance", sourceOf(mask), [{ x: 0, y: 0 }], 2);
  // (5, 3) is sqrt(34) away. Then (0, 3) has 3 + 5, (5, 0) has 5 + 3, (4, 3) has 5 + 1, and (0, 2) 2 + sqrt(26).
  expect(found).toEqual([
    { x: 5, y: 3, label: 1 },
    { x: 5, y: 0, label: 1 },
  ]);
});

test("the pixel whose surroundings differ most in entropy", () => {
  const source = sourceOf(full(40, 12));
  const [found] = augmentedPoints("entropy", source, [{ x: 3, y: 6 }], 1);
  expect(found!.x).toBeGreaterThan(23); // all 81 pixels of its window are noise
  // From within the noise an even place is the most different one: the first of them.
  expect(augmentedPoints("entropy", source, [found!], 1)).toEqual([{ x: 0, y: 0, label: 1 }]);
});

test.each(Object.keys(pointRules) as PointRuleName[])("%s: points are different, lie on the mask, and depend on the seed alone", (rule) => {
  const mask = drawn(".##...", ".###..", "....#.");
  const source = sourceOf(mask);
  const found = augmentedPoints(rule, source, [], 4);
  expect(new Set(found.map(({ x, y }) => `${x} ${y}`)).size).toBe(4);
  for (const { x, y, label } of found) expect([mask.data[y * 6 + x], label]).toEqual([1, 1]);
  expect(augmentedPoints(rule, source, [], 4)).toEqual(found);
});

test("there are no more points than other pixels, and none on an empty mask", () => {
  expect(augmentedPoints("distance", sourceOf(drawn(".#", "#.")), [{ x: 1, y: 0 }], 5)).toEqual([{ x: 0, y: 1, label: 1 }]);
  expect(augmentedPoints("random", sourceOf(drawn("..", "..")), [], 2)).toEqual([]);
});
