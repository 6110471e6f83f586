import fc from "fast-check";
import { expect, test } from "vitest";
import { fillContours } from "./fill-contours.ts";
import { isoContours, keyholeContours } from "./iso-contours.ts";
import type { Mask } from "./types.ts";

function maskOf(...lines: string[]): Mask {
  return {
    width: lines[0]!.length,
    height: lines.length,
    data: Uint8Array.from([...lines.join("")], (letter) => (letter === "#" ? 1 : 0)),
  };
}

test("one pixel is a diamond around its centre", () => {
  const [contour, ...others] = isoContours(maskOf("...", ".#.", "..."));
  expect(others).toEqual([]);
  expect(new Set(contour!.map(({ x, y }) => `${x},${y}`))).toEqual(new Set(["1,0.5", "1.5,1", "1,1.5", "0.5,1"]));
});

test("straight runs are one edge, also at the picture's border", () => {
  expect(isoContours(maskOf("####", "####"))[0]).toHaveLength(8);
});

test("pixels that touch at a corner have lines of their own", () => {
  expect(isoContours(maskOf("#.", ".#"))).toHaveLength(2);
  expect(isoContours(maskOf(".#", "#."))).toHaveLength(2);
});

test("a ring has two lines, or one with a keyhole", () => {
  const ring = maskOf("#####", "#...#", "#.#.#", "#...#", "#####");
  expect(isoContours(ring)).toHaveLength(3);
  expect(keyholeContours(ring)).toHaveLength(2);
});

test("filling the lines gives the mask back, with keyholes or without", () => {
  const masks = fc
    .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
    .chain(({ width, height }) =>
      fc
        .uint8Array({ minLength: width * height, maxLength: width * height, max: 1 })
        .map((data) => ({ width, height, data: Uint8Array.from(data) })),
    );
  fc.assert(
    fc.property(masks, (mask) => {
      expect(fillContours(isoContours(mask), mask)).toEqual(mask);
      expect(fillContours(keyholeContours(mask), mask)).toEqual(mask);
    }),
  );
});
