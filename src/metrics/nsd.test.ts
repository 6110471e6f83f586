import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, ShapeError } from "../errors.ts";
import type { Mask } from "../image/types.ts";
import { uniform } from "../tensor/random.ts";
import { nsd, nsdByDistances } from "./nsd.ts";

/** A mask in which pixels are set with a chance; in squares of some size, so that masks have insides as well as edges. */
function randomMask(width: number, height: number, chance: number, square: number, seed: number): Mask {
  const random = uniform("mask", seed);
  const data = new Uint8Array(width * height);
  const columns = Math.ceil(width / square);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      data[y * width + x] = random.at(Math.floor(y / square) * columns + Math.floor(x / square)) < chance ? 1 : 0;
  }
  return { width, height, data };
}

/** Widths round the 32 corners of a word, often with few pixels, so that distances are long. */
const pairs = fc
  .record({
    width: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(30, 31, 32, 33, 63, 64, 65)),
    height: fc.integer({ min: 1, max: 60 }),
    chances: fc.tuple(fc.constantFrom(0, 0.003, 0.05, 0.5, 0.9, 1), fc.constantFrom(0.003, 0.05, 0.5, 0.9)),
    square: fc.constantFrom(1, 1, 4, 11),
    seed: fc.nat(),
  })
  .map(({ width, height, chances, square, seed }): [Mask, Mask] => [
    randomMask(width, height, chances[0], square, seed),
    randomMask(width, height, chances[1], square, seed + 1),
  ]);

describe("the NSD without distances", () => {
  test.each([0, 0.5, 1, Math.SQRT2, 2, 2.5, 5, 14.9, 15, 16, 30])("is that with exact distances, at tolerance %s", (tolerance) => {
    fc.assert(
      fc.property(pairs, ([mask, truth]) => {
        expect(nsd(mask, truth, { tolerance })).toBeCloseTo(nsdByDistances(mask, truth, tolerance), 12);
      }),
      { numRuns: 60 },
    );
  });

  test("by hand: a pixel and another, three columns away", () => {
    // Each pixel has four corners of one area. Two of them lie two columns from the nearest corner of the other pixel, two lie three away.
    const [a, b] = [0, 3].map((x): Mask => ({ width: 4, height: 1, data: Uint8Array.from([0, 1, 2, 3], (i) => (i === x ? 1 : 0)) }));
    expect([1.9, 2, 2.9, 3].map((tolerance) => nsd(a!, b!, { tolerance }))).toEqual([0, 0.5, 0.5, 1]);
  });

  test("a mask on the edge of the picture does not reach round to the other edge", () => {
    const edge = (x: number): Mask => ({ width: 64, height: 3, data: Uint8Array.from({ length: 192 }, (_, i) => (i % 64 === x ? 1 : 0)) });
    for (const tolerance of [0, 2, 15]) expect(nsd(edge(0), edge(63), { tolerance })).toBe(0);
  });

  test("invalid settings and sizes are refused", () => {
    const mask = randomMask(8, 8, 0.5, 1, 1);
    for (const tolerance of [-1, Number.NaN]) expect(() => nsd(mask, mask, { tolerance })).toThrow(ConfigError);
    expect(() => nsd(mask, randomMask(8, 9, 0.5, 1, 1))).toThrow(ShapeError);
  });
});
