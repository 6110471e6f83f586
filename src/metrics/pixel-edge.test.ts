import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyMask, decodeGray, drawn, mirrored } from "../../test/support/pictures.ts";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import { opencvNearest } from "../image/opencv-resize.ts";
import type { Mask } from "../image/types.ts";
import { type PixelEdgeMetrics, pixelEdgeMetrics } from "./pixel-edge.ts";

/** Asserts that two results agree, null with null. */
function expectNear(actual: PixelEdgeMetrics | null, expected: PixelEdgeMetrics | null, what = "metrics") {
  if (actual === null || expected === null) {
    expect(actual, what).toBe(expected);
    return;
  }
  for (const name of ["nsd", "hd95", "hd100", "assd"] as const) {
    const difference = Math.abs(actual[name] - expected[name]);
    expect(difference, `${what}, ${name}: ${actual[name]} instead of ${expected[name]}`).toBeLessThanOrEqual(1e-9);
  }
}

test("by hand: a square of 3 x 3 and its middle", () => {
  const square = drawn(".....", ".###.", ".###.", ".###.", ".....");
  const middle = drawn(".....", ".....", "..#..", ".....", ".....");
  // The square has 8 edge pixels, 4 of them 1 and 4 √2 from the middle; the middle is no edge of the square, so the way back is 1.
  // 95 % of the way there: position 0.95 · 7 = 6.65 among four 1 and four √2, which is √2.
  const expected = { nsd: 5 / 9, hd95: Math.SQRT2, hd100: Math.SQRT2, assd: (4 + 4 * Math.SQRT2 + 1) / 9 };
  expectNear(pixelEdgeMetrics(square, middle, { tolerance: 1 }), expected);
});

test("by hand: the 95 % distance lies between two pixels", () => {
  // Distances 0 and 3: 0.95 of the way from the first to the second is 2.85; back from the one pixel it is 0.
  const metrics = pixelEdgeMetrics(drawn("#..#"), drawn("#..."), { tolerance: 2 });
  expectNear(metrics, { nsd: 2 / 3, hd95: 2.85, hd100: 3, assd: 1 });
});

test("the frame counts as outside: a full mask has an edge all around", () => {
  // Of 5 x 4 pixels, 14 touch the frame. The pixel in the corner is one of them, so its way is 0.
  const full = drawn("#####", "#####", "#####", "#####");
  const corner = drawn("#....", ".....", ".....", ".....");
  expect(pixelEdgeMetrics(full, full)).toEqual({ nsd: 1, hd95: 0, hd100: 0, assd: 0 });
  expect(pixelEdgeMetrics(full, corner, { tolerance: 0 })!.nsd).toBe(2 / 15);
});

test("an empty mask has no metrics", () => {
  const [empty, pixel] = [drawn("..."), drawn(".#.")];
  expect([pixelEdgeMetrics(empty, empty), pixelEdgeMetrics(empty, pixel), pixelEdgeMetrics(pixel, empty)]).toEqual([null, null, null]);
});

test("invalid sizes and settings are refused", () => {
  const pixel = drawn("#");
  expect(() => pixelEdgeMetrics(pixel, drawn("##"))).toThrow(ShapeError);
  expect(() => pixelEdgeMetrics(pixel, pixel, { spacing: [1, 0] })).toThrow(ConfigError);
  expect(() => pixelEdgeMetrics(pixel, pixel, { spacing: [1, 0] })).toThrow('option "spacing.1": expected more than 0, got 0');
  expect(() => pixelEdgeMetrics(pixel, pixel, { tolerance: -1 })).toThrow('option "tolerance": expected at least 0, got -1');
});

/** Two masks of one size, drawn over each other. */
const pairs = anyMask(9).chain((mask) =>
  fc
    .uint8Array({ minLength: mask.data.length, maxLength: mask.data.length, max: 1 })
    .map((data): [Mask, Mask] => [mask, { ...mask, data }]),
);

describe("any two masks", () => {
  test("order and mirroring do not matter", () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const spacing = [0.5, 1.25] as const;
        const metrics = pixelEdgeMetrics(a, b, { spacing });
        expectNear(pixelEdgeMetrics(b, a, { spacing }), metrics);
        expectNear(pixelEdgeMetrics(mirrored(a) as Mask, mirrored(b) as Mask, { spacing }), metrics);
      }),
    );
  });

  test("they agree with a search over all pairs of edge pixels", () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const metrics = pixelEdgeMetrics(a, b, { tolerance: 1, spacing: [2, 1] });
        const edges = [a, b].map(({ width, height, data }) => {
          const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1;
          const all = Array.from(data.keys(), (i) => [i % width, Math.floor(i / width)] as const);
          return all.filter(([x, y]) => inside(x, y) && !(inside(x - 1, y) && inside(x + 1, y) && inside(x, y - 1) && inside(x, y + 1)));
        });
        const way = (from: number) =>
          edges[from]!.map(([x, y]) => Math.min(...edges[1 - from]!.map(([u, v]) => Math.hypot(x - u, 2 * (y - v)))));
        const [there, back] = [way(0), way(1)];
        if (metrics === null) {
          expect(Math.min(there.length, back.length)).toBe(0);
          return;
        }
        const both = [...there, ...back];
        expect(metrics.hd100).toBeCloseTo(Math.max(...both), 9);
        expect(metrics.hd95).toBeLessThanOrEqual(metrics.hd100);
        expect(metrics.assd).toBeCloseTo(both.reduce((sum, distance) => sum + distance, 0) / both.length, 9);
        expect(metrics.nsd).toBeCloseTo(both.filter((distance) => distance <= 1).length / both.length, 12);
      }),
    );
  });
});

describe("the 2D case of MONAI's own tests: two half planes of 480 x 640, their borders 10 columns apart", () => {
  const half = (inside: (x: number) => boolean): Mask => ({
    width: 640,
    height: 480,
    data: Uint8Array.from({ length: 480 * 640 }, (_, i) => (inside(i % 640) ? 1 : 0)),
  });
  const spacing = [0.85, 1.2] as const;
  const wrong = 478 + 480 + 18; // edge pixels of one alone

  test("the right halves", () => {
    const [mask, truth] = [half((x) => x >= 50), half((x) => x >= 60)];
    expect(pixelEdgeMetrics(mask, truth, { tolerance: 0, spacing })!.nsd).toBeCloseTo(1 - wrong / (480 * 4 + 588 * 2 + 578 * 2), 12);
    expect(pixelEdgeMetrics(mask, truth, { tolerance: 12, spacing })).toMatchObject({ nsd: 1, hd100: 12 }); // 10 columns of 1.2
  });

  test("the left halves", () => {
    const [mask, truth] = [half((x) => x < 50), half((x) => x < 60)];
    expect(pixelEdgeMetrics(mask, truth, { tolerance: 0, spacing })!.nsd).toBeCloseTo(1 - wrong / (480 * 4 + 48 * 2 + 58 * 2), 12);
    expect(pixelEdgeMetrics(mask, truth, { tolerance: 12, spacing })!.nsd).toBe(1);
  });
});

interface Pair {
  name: string;
  truth: string;
  prediction: string;
  metrics: { pixel_edge_px: PixelEdgeMetrics | null; pixel_edge_mm: PixelEdgeMetrics | null };
}

describeWith(["parity/evaluate/pairs.json"], "evaluation pairs by pixel edges", () => {
  const { pairs, tolerance, spacing_mm_row_column } = sharedJson<{
    pairs: Pair[];
    tolerance: number;
    spacing_mm_row_column: [number, number];
  }>("parity/evaluate/pairs.json");

  test.each(pairs)("$name", async ({ truth, prediction, metrics }) => {
    const target = await decodeGray(truth.startsWith("truth/") ? sharedPath("parity/evaluate", truth) : sharedPath("data", truth));
    const predicted = opencvNearest(await decodeGray(sharedPath("parity/evaluate", prediction)), target);
    const [a, b] = [predicted, target].map((gray): Mask => ({ ...gray, data: gray.data.map((level) => (level > 127 ? 1 : 0)) }));
    expectNear(pixelEdgeMetrics(a!, b!, { tolerance }), metrics.pixel_edge_px, "pixels");
    expectNear(pixelEdgeMetrics(a!, b!, { tolerance, spacing: spacing_mm_row_column }), metrics.pixel_edge_mm, "millimetres");
  });
});
