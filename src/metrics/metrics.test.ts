import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, ShapeError } from "../errors.ts";
import type { Mask } from "../image/types.ts";
import { distanceTransform } from "./_distance-transform.ts";
import { nsd } from "./nsd.ts";
import { dsc, iou } from "./overlap.ts";
import { releasedScores } from "./released.ts";
import { assd, hausdorff, hd95, hd100, surfaceMetrics, surfaceNsd } from "./surface-distance.ts";

/** A mask drawn with "#". */
function drawn(...rows: string[]): Mask {
  return { width: rows[0]!.length, height: rows.length, data: Uint8Array.from(rows.join(""), (mark) => (mark === "#" ? 1 : 0)) };
}

/** A filled rectangle in a frame. */
function box(frame: number, x0: number, y0: number, width: number, height = width): Mask {
  const data = new Uint8Array(frame * frame);
  for (let y = y0; y < y0 + height; y++) data.fill(1, y * frame + x0, y * frame + x0 + width);
  return { width: frame, height: frame, data };
}

const empty = (frame: number) => box(frame, 0, 0, 0);

/** Every pixel (x, y) of the result is pixel `from(x, y)` of the mask. */
const rearranged = ({ width, height, data }: Mask, from: (x: number, y: number) => [number, number]): Mask => ({
  width,
  height,
  data: data.map((_, i) => {
    const [x, y] = from(i % width, Math.floor(i / width));
    return data[y * width + x]!;
  }),
});
const flipX = (mask: Mask) => rearranged(mask, (x, y) => [mask.width - 1 - x, y]);
const flipY = (mask: Mask) => rearranged(mask, (x, y) => [x, mask.height - 1 - y]);
const transposed = (mask: Mask): Mask => ({
  width: mask.height,
  height: mask.width,
  data: Uint8Array.from(mask.data, (_, i) => mask.data[(i % mask.height) * mask.width + Math.floor(i / mask.height)]!),
});

/** Equal but for rounding, where "undefined" (NaN) and Infinity equal themselves. */
function expectSame(actual: number, expected: number) {
  if (Number.isFinite(expected)) expect(actual).toBeCloseTo(expected, 10);
  else expect(actual).toBe(expected);
}

/** Two masks of one size, often empty in part. */
const pairs = fc.record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) }).chain(({ width, height }) => {
  const mask = fc
    .array(fc.constantFrom(0, 0, 1), { minLength: width * height, maxLength: width * height })
    .map((values): Mask => ({ width, height, data: Uint8Array.from(values) }));
  return fc.tuple(mask, mask);
});
const spacings = fc.tuple(fc.constantFrom(0.5, 1, 1.25, 3), fc.constantFrom(0.5, 1, 1.25, 3));

describe("overlap", () => {
  test("by hand: 4 and 3 pixels that share 2", () => {
    const [a, b] = [drawn("##..", "##.."), drawn(".##.", ".#..")];
    expect(dsc(a, b)).toBe(4 / 7);
    expect(iou(a, b)).toBe(2 / 5);
  });

  test("two empty masks agree, one empty mask does not", () => {
    for (const metric of [dsc, iou]) {
      expect(metric(empty(3), empty(3))).toBe(1);
      expect(metric(box(3, 0, 0, 1), empty(3))).toBe(0);
      expect(metric(empty(3), box(3, 0, 0, 1))).toBe(0);
    }
  });

  test("IoU follows from DSC", () => {
    fc.assert(fc.property(pairs, ([a, b]) => expectSame(iou(a, b), dsc(a, b) / (2 - dsc(a, b)))));
  });
});

describe("contours", () => {
  test("by hand: two pixels side by side with a gap", () => {
    // Each pixel has four corners of length √(1 + 4) / 2 at spacing 2 (rows) x 1. The corners of one lie 1, 1, 2, 2 from the other's.
    const [a, b] = [drawn("#..."), drawn("..#.")];
    const metrics = surfaceMetrics(a, b, { tolerance: 1, spacing: [2, 1] });
    expect(metrics).toEqual({ nsd: 0.5, hd95: 2, hd100: 2, averageMaskToTruth: 1.5, averageTruthToMask: 1.5, assd: 1.5 });
  });

  test("by hand: a missed pixel at the end of a row", () => {
    // Contour of ### (spacing 1): 4 corners of √2/2 and 4 edges of 1; of ##: 4 corners, 2 edges. Seen from ###, its two end corners are 1 away.
    const [a, b] = [drawn("###"), drawn("##.")];
    const corners = 2 * Math.SQRT2;
    const metrics = surfaceMetrics(a, b, { tolerance: 0 });
    expect(metrics.averageMaskToTruth).toBeCloseTo(corners / 2 / (corners + 4), 12);
    expect(metrics.averageTruthToMask).toBe(0);
    expect(metrics.nsd).toBeCloseTo(1 - corners / 2 / (2 * corners + 6), 12);
    expect(metrics.hd100).toBe(1);
  });

  test("HD95 forgives a small part of a long contour, HD100 does not", () => {
    const truth = box(100, 10, 10, 60);
    const spiked = { ...truth, data: truth.data.slice() };
    for (let y = 70; y < 74; y++) spiked.data[y * 100 + 40] = 1;
    expect(hd95(spiked, truth)).toBe(0);
    expect(hd100(spiked, truth)).toBe(4);
    expect(hausdorff(spiked, truth, { percent: 100 })).toBe(4);
  });

  test("a distance equal to the tolerance counts as met", () => {
    expect(surfaceNsd(box(20, 2, 2, 4), box(20, 4, 2, 4), { tolerance: 2 })).toBe(1);
    expect(surfaceNsd(box(20, 2, 2, 4), box(20, 6, 2, 4), { tolerance: 2, spacing: [0.5, 0.5] })).toBe(1);
  });

  test("two empty masks agree but have no distance; one empty mask is infinitely far", () => {
    const undefinedAll = { nsd: 1, hd95: Infinity, hd100: Infinity, averageMaskToTruth: NaN, averageTruthToMask: NaN, assd: NaN };
    expect(surfaceMetrics(empty(4), empty(4))).toEqual(undefinedAll);
    const missed = { nsd: 0, hd95: Infinity, hd100: Infinity, averageMaskToTruth: NaN, averageTruthToMask: Infinity, assd: Infinity };
    expect(surfaceMetrics(empty(4), box(4, 1, 1, 2))).toEqual(missed);
  });

  test("invalid settings are refused", () => {
    expect(() => surfaceNsd(empty(4), empty(4), { spacing: [0, 1] })).toThrow(ConfigError);
    expect(() => surfaceNsd(empty(4), empty(4), { tolerance: -1 })).toThrow('option "tolerance": expected at least 0, got -1');
    expect(() => hausdorff(empty(4), empty(4), { percent: 101 })).toThrow('option "percent": expected at most 100, got 101');
  });

  test("the distances are those to the nearest element, found by trying all", () => {
    fc.assert(
      fc.property(pairs, spacings, ([{ width, height, data }], spacing) => {
        const actual = distanceTransform(data, height, width, spacing);
        const seeds = [...data.keys()].filter((i) => data[i]);
        for (let i = 0; i < actual.length; i++) {
          const all = seeds.map((s) =>
            Math.hypot((Math.floor(s / width) - Math.floor(i / width)) * spacing[0], ((s % width) - (i % width)) * spacing[1]),
          );
          const nearest = Math.min(...all);
          if (nearest === Number.POSITIVE_INFINITY) expect(actual[i]).toBe(nearest);
          else expect(actual[i]).toBeCloseTo(nearest, 12);
        }
      }),
    );
  });

  test("doubling the spacing doubles every distance", () => {
    fc.assert(
      fc.property(pairs, spacings, ([a, b], [row, column]) => {
        const [once, twice] = [surfaceMetrics(a, b, { spacing: [row, column] }), surfaceMetrics(a, b, { spacing: [2 * row, 2 * column] })];
        for (const key of ["hd95", "hd100", "averageMaskToTruth", "assd"] as const) expectSame(twice[key], 2 * once[key]);
      }),
    );
  });

  test("turning the picture and its spacing changes nothing", () => {
    fc.assert(
      fc.property(pairs, spacings, ([a, b], [row, column]) => {
        const upright = surfaceMetrics(a, b, { spacing: [row, column] });
        const turned = surfaceMetrics(transposed(a), transposed(b), { spacing: [column, row] });
        for (const key of ["nsd", "hd100", "averageMaskToTruth", "assd"] as const) expectSame(turned[key], upright[key]);
      }),
    );
  });
});

describe("the published NSD", () => {
  // Squares of 40 px at (30, 30) in a frame of 100; the last in a frame of 64. Measured with the released evaluation, six decimals.
  const square = box(100, 30, 30, 40);
  test.each([
    ["itself", square, square, 1, 1],
    ["moved by 5", box(100, 35, 30, 40), square, 0.875, 0.933317],
    ["moved by 10", box(100, 40, 30, 40), square, 0.75, 0.809512],
    ["a square of half the side inside", box(100, 40, 40, 20), square, 0.4, 0.502303],
    ["the full frame", box(100, 0, 0, 100), square, 0.275862, 0.31118],
    ["10 px moved by 3", box(64, 23, 20, 10), box(64, 20, 20, 10), 0.7, 0.936667],
    ["nothing", empty(100), square, 0, 0],
  ])("a square against %s", (_, mask, truth, expectedDsc, expectedNsd) => {
    expect(dsc(mask, truth)).toBeCloseTo(expectedDsc, 6);
    expect(nsd(mask, truth)).toBeCloseTo(expectedNsd, 6);
  });

  test("it sees area where the contour NSD sees a boundary that is missed", () => {
    const inside = box(100, 40, 40, 20);
    expect(nsd(inside, square)).toBeGreaterThan(0.5);
    expect(surfaceNsd(inside, square)).toBe(0);
  });

  test("two empty masks agree", () => expect(nsd(empty(3), empty(3))).toBe(1));
});

describe("the released protocol", () => {
  const gray = (mask: Mask, value: number) => ({ ...mask, data: mask.data.map((on) => on * value) });
  const square = box(10, 2, 2, 4);
  const full = box(10, 0, 0, 10);

  test("values up to 200 are background", () => {
    expect(releasedScores(gray(square, 255), gray(square, 201))).toEqual({ outcome: "ok", dsc: 1, nsd: 1, dscRounded: 1, nsdRounded: 1 });
    expect(releasedScores(gray(square, 200), gray(square, 255))).toMatchObject({ outcome: "ok", dsc: 0, nsd: 0 });
    expect(releasedScores(gray(square, 255), gray(square, 1))).toMatchObject({ outcome: "ok", dsc: 0, nsd: 0 });
  });

  test("it aborts where neither picture has two values", () => {
    for (const [a, b] of [
      [empty(10), empty(10)],
      [full, full],
      [full, empty(10)],
      [empty(10), full],
    ] as const) {
      expect(releasedScores(gray(a, 255), gray(b, 255))).toEqual({ outcome: "aborts" });
    }
    expect(releasedScores(gray(full, 255), gray(square, 255))).toMatchObject({ outcome: "ok", dsc: 32 / 116, dscRounded: 0.2759 });
  });
});

describe.each([
  ["dsc", dsc],
  ["iou", iou],
  ["nsd", nsd],
  ["surfaceNsd", surfaceNsd],
  ["hd95", hd95],
  ["hd100", hd100],
  ["assd", assd],
] as const)("%s", (name, metric) => {
  const isShare = ["dsc", "iou", "nsd", "surfaceNsd"].includes(name);

  test(`is symmetric and ${isShare ? "in [0, 1]" : "not negative"}`, () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const value = metric(a, b);
        expectSame(metric(b, a), value);
        if (Number.isNaN(value)) return;
        expect(value).toBeGreaterThanOrEqual(0);
        if (isShare) expect(value).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("does not change when both masks are flipped", () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        expectSame(metric(flipX(a), flipX(b)), metric(a, b));
        expectSame(metric(flipY(a), flipY(b)), metric(a, b));
      }),
    );
  });

  test("is perfect for a mask and itself", () => {
    fc.assert(fc.property(pairs, ([a]) => a.data.includes(1) === false || metric(a, a) === (isShare ? 1 : 0)));
  });

  test("masks of two sizes are a shape error that names both", () => {
    expect(() => metric(empty(3), empty(4))).toThrow(ShapeError);
    expect(() => metric(empty(3), empty(4))).toThrow("same size, got 3 x 3 and 4 x 4");
  });
});
