import fc from "fast-check";
import { expect, test } from "vitest";
import { histogram } from "./histogram.ts";
import { twoMeans } from "./two-means.ts";

const of = (data: readonly number[]) => histogram({ width: data.length, height: 1, data: Uint8Array.from(data) });
const repeat = (level: number, count: number) => new Array<number>(count).fill(level);

test("the published vector", () => {
  const { centres, lowestForeground } = twoMeans(of([...repeat(0, 10), ...repeat(50, 5), ...repeat(200, 4), ...repeat(255, 2)]))!;
  expect(centres[0]).toBeCloseTo(16.6667, 4);
  expect(centres[1]).toBeCloseTo(218.3333, 4);
  expect(lowestForeground).toBe(200);
});

test("a constant map, or none, has no brighter cluster", () => {
  expect(twoMeans(of(repeat(77, 9)))).toBeUndefined();
  expect(twoMeans(of([]))).toBeUndefined();
});

test("of equal cuts the lowest is taken", () => {
  // 0 | 10 20 and 0 10 | 20 leave the same sum of squares, 50.
  expect(twoMeans(of([0, 10, 20]))).toEqual({ centres: [0, 15], lowestForeground: 10 });
});

const squares = (levels: number[]): number => {
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  return levels.reduce((sum, level) => sum + (level - mean) ** 2, 0);
};

test("no other cut leaves a smaller within-class sum of squares", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 2, maxLength: 40 }), (levels) => {
      const found = twoMeans(of(levels));
      fc.pre(found !== undefined);
      const at = (cut: number) => squares(levels.filter((l) => l < cut)) + squares(levels.filter((l) => l >= cut));
      const present = [...new Set(levels)].sort((a, b) => a - b).slice(1);
      const best = Math.min(...present.map(at));
      expect(at(found!.lowestForeground)).toBeCloseTo(best, 6);
    }),
  );
});

test("levels turned upside down swap the clusters", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 2, maxLength: 40 }), (levels) => {
      const [up, down] = [twoMeans(of(levels)), twoMeans(of(levels.map((level) => 255 - level)))];
      expect(up === undefined).toBe(down === undefined);
      if (up === undefined || down === undefined) return;
      const [a, b] = [squaresOf(levels, up.centres), squaresOf(levels, [255 - down.centres[1], 255 - down.centres[0]])];
      expect(a).toBeCloseTo(b, 6); // the same optimum, though a tie may choose another cut
    }),
  );
});

const squaresOf = (levels: number[], centres: readonly [number, number]): number =>
  levels.reduce((sum, level) => sum + Math.min((level - centres[0]) ** 2, (level - centres[1]) ** 2), 0);
