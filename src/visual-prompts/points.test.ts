import fc from "fast-check";
import { expect, test } from "vitest";
import { anyMask, areaOf, decodeMask, drawn } from "../../test/support/pictures.ts";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { uniform } from "../tensor/random.ts";
import { pointCandidates, pointsOf } from "./points.ts";

test("candidates run down the columns", () => {
  const mask = drawn("##.", "#.#");
  expect([...pointCandidates(mask, true)]).toEqual([0, 3, 1, 5]);
  expect([...pointCandidates(mask, false)]).toEqual([4, 2]);
});

test("draws follow the stream: candidate k changes places with k + floor(u (n - k))", () => {
  const mask = drawn("####"); // candidates x = 0, 1, 2, 3
  const random = { at: (i: number) => [0.6, 0.0, 0.9][i]! };
  // k = 0: 0 + floor(2.4) = 2 -> x 2, leaving 1 0 3; k = 1: the first of these; k = 2: 2 + floor(0.9 · 2) = 3 -> x 3
  expect(pointsOf(mask, { count: 3, negative: 0, random }).map((p) => p.x)).toEqual([2, 1, 3]);
});

interface Case {
  name: string;
  point_candidates_of_kmeans_keep1: { count: number; first_xy: number[][]; last_xy: number[][]; background_count: number };
}

describeWith(["parity/coarse/coarse.json"], "candidates of the released script", () => {
  const { maps } = sharedJson<{ maps: Case[] }>("parity/coarse/coarse.json");
  test.for(maps)("$name", async ({ name, point_candidates_of_kmeans_keep1: expected }) => {
    const mask = await decodeMask(sharedPath("parity/coarse/kmeans-keep1", `${name}.png`));
    const candidates = [...pointCandidates(mask, true)].map((i) => [i % mask.width, Math.floor(i / mask.width)]);
    expect(candidates).toHaveLength(expected.count);
    expect(candidates.slice(0, expected.first_xy.length)).toEqual(expected.first_xy);
    expect(candidates.slice(candidates.length - expected.last_xy.length)).toEqual(expected.last_xy);
    expect(pointCandidates(mask, false)).toHaveLength(expected.background_count);
  });
});

test("points lie on their side of the mask, are never repeated, and are as many as there can be", () => {
  fc.assert(
    fc.property(anyMask(8), fc.nat(12), fc.nat(12), fc.nat(1000), (mask, count, negative, seed) => {
      const points = pointsOf(mask, { count, negative, random: uniform("points", seed) });
      for (const { x, y, label } of points) expect(mask.data[y * mask.width + x]).toBe(label);
      expect(new Set(points.map(({ x, y }) => y * mask.width + x)).size).toBe(points.length);
      const area = areaOf(mask);
      expect(points.filter((p) => p.label === 1)).toHaveLength(Math.min(count, area));
      expect(points.filter((p) => p.label === 0)).toHaveLength(Math.min(negative, mask.data.length - area));
    }),
  );
});

test("the same seed gives the same points, and another seed others", () => {
  const mask = { width: 50, height: 50, data: new Uint8Array(2500).fill(1) };
  const points = (seed: number) => pointsOf(mask, { count: 10, negative: 0, random: uniform("points", seed) });
  expect(points(1)).toEqual(points(1));
  expect(points(1)).not.toEqual(points(2));
});

test("every pixel is drawn equally often", () => {
  const mask = drawn("##", "#.");
  const hits = new Float64Array(4);
  for (let seed = 0; seed < 3000; seed++) {
    for (const { x, y } of pointsOf(mask, { count: 2, negative: 0, random: uniform("points", seed) })) hits[y * 2 + x]! += 1 / 2000;
  }
  for (const i of [0, 1, 2]) expect(hits[i]).toBeCloseTo(1, 1); // 2,000 ± 26 hits expected
});
