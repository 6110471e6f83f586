import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { uniform } from "../../tensor/random.ts";
import { positions } from "./features.ts";
import { latticeCells } from "./lattice-cells.ts";
import { PermutohedralLattice } from "./permutohedral-lattice.ts";
import { sortedKeys } from "./sorted-keys.ts";

/** N points of d features, within so many standard deviations. */
const anyFeatures = (d: number, most = 40) =>
  fc.tuple(fc.integer({ min: 1, max: most }), fc.double({ min: 0.1, max: 60, noNaN: true }), fc.nat(1e6)).map(([count, spread, seed]) => {
    const random = uniform("features", seed);
    return Float32Array.from({ length: count * d }, (_, i) => (random.at(i) - 0.5) * spread);
  });

test("barycentric weights of the corners lie in [0, 1] and add up to 1", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }).chain((d) => fc.tuple(fc.constant(d), anyFeatures(d))),
      ([d, features]) => {
        const { weights, corners } = latticeCells(features, d);
        for (let at = 0; at < weights.length; at += d + 1) {
          const own = [...weights.subarray(at, at + d + 1)];
          for (const weight of own) expect(weight).toBeGreaterThanOrEqual(-1e-4);
          expect(own.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
          expect(new Set(corners.subarray(at, at + d + 1)).size).toBe(d + 1);
        }
      },
    ),
  );
});

test("a filter is linear, and does not mind the order of the points", () => {
  fc.assert(
    fc.property(anyFeatures(3), fc.nat(1e6), (features, seed) => {
      const size = features.length / 3;
      const random = uniform("values", seed);
      const [a, b] = [0, size].map((from) => Float32Array.from({ length: size }, (_, i) => random.at(from + i) - 0.5)) as [
        Float32Array,
        Float32Array,
      ];
      const lattice = new PermutohedralLattice(features, 3);
      const [ofA, ofB] = [lattice.filter(a), lattice.filter(b)];
      const sum = lattice.filter(a.map((value, i) => value + 2 * b[i]!));
      expectClose(
        sum,
        ofA.map((value, i) => value + 2 * ofB[i]!),
        1e-4,
      );
      const backwards = new PermutohedralLattice(
        Float32Array.from({ length: 3 * size }, (_, i) => features[3 * (size - 1 - Math.floor(i / 3)) + (i % 3)]!),
        3,
      );
      expectClose(backwards.filter(a.slice().reverse()).reverse(), ofA, 1e-4);
    }),
  );
});

test("in the middle of a field of pixels, the sum is that of a Gaussian", () => {
  const size = { width: 80, height: 80 };
  const sums = new PermutohedralLattice(positions(size, 5), 2).filter(new Float32Array(80 * 80).fill(1));
  const expected = 2 * Math.PI * 5 ** 2; // ∫ exp(-r² / (2 · 5²)) = 157
  expect(sums[40 * 80 + 40]! / expected).toBeGreaterThan(0.85);
  expect(sums[40 * 80 + 40]! / expected).toBeLessThan(1.15);
  expect(sums[0]! / expected).toBeLessThan(0.35); // a quarter of it lies in the picture
});

test("points that are far apart do not feel one another", () => {
  const features = Float32Array.of(0, 0, 100, 0, 0, 100);
  const lattice = new PermutohedralLattice(features, 2);
  const alone = new PermutohedralLattice(features.subarray(0, 2), 2).filter(Float32Array.of(1));
  expect(lattice.filter(Float32Array.of(1, -7, 9))[0]).toBeCloseTo(alone[0]!, 6);
});

test("keys are sorted, and where they were is known", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 53 }), fc.array(fc.integer({ min: 0, max: 2 ** 53 - 1 }), { maxLength: 100 }), (bits, drawn) => {
      const numbers = drawn.map((number) => number % 2 ** bits);
      const { keys, order } = sortedKeys(Float64Array.from(numbers), 2 ** bits);
      expect([...keys]).toEqual([...numbers].sort((a, b) => a - b));
      expect([...order].map((i) => numbers[i])).toEqual([...keys]);
    }),
  );
});
