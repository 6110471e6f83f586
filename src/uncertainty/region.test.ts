import fc from "fast-check";
import { expect, test } from "vitest";
import { anyMask, drawn, mirrored } from "../../test/support/pictures.ts";
import { dilated, foregroundRegion } from "./region.ts";

test("by hand: a disc of radius 2 has 13 pixels, of 1 the four neighbours", () => {
  const dot = drawn(".....", ".....", "..#..", ".....", ".....");
  expect(dilated(dot, 2)).toEqual(drawn("..#..", ".###.", "#####", ".###.", "..#.."));
  expect(dilated(dot, 1)).toEqual(drawn(".....", "..#..", ".###.", "..#..", "....."));
  expect(dilated(dot, 0)).toEqual(dot);
});

test("holds exactly the pixels within the radius of the mask, and turns with it", () => {
  const radii = fc.constantFrom(0, 0.5, 1, 1.5, 2, 2.9, 4);
  fc.assert(
    fc.property(anyMask(8), radii, (mask, radius) => {
      const { width, height, data } = dilated(mask, radius);
      const points = Array.from(data, (_, i) => ({ x: i % width, y: Math.floor(i / width), i }));
      const inside = points.filter(({ i }) => mask.data[i] === 1);
      const near = points.map(({ x, y }) => (inside.some((p) => (p.x - x) ** 2 + (p.y - y) ** 2 <= radius * radius) ? 1 : 0));
      expect([...data]).toEqual(near);
      expect(dilated(mirrored(mask), radius)).toEqual(mirrored({ width, height, data }));
    }),
  );
});

test("the region is around labels, without the ignore label", () => {
  const labels = { kind: "labels", width: 7, height: 1, data: Int16Array.of(2, 0, 0, 0, 0, 0, 9) } as const;
  expect([...foregroundRegion(labels, { radiusPx: 1, ignore: 9 }).data]).toEqual([1, 1, 0, 0, 0, 0, 0]);
  expect([...foregroundRegion(labels).data]).toEqual([1, 1, 1, 1, 1, 1, 1]); // within 10 pixels
  expect(() => foregroundRegion(labels, { radiusPx: -1 })).toThrow("radius");
});
