import { expect, test } from "vitest";
import { drawn } from "../../../test/support/pictures.ts";
import { runsOfMask } from "../../image/index.ts";
import { regionScores, regionView } from "./region-scores.ts";

test("scores are shares that follow the cosine, whatever the length of the features", () => {
  const text = Float32Array.of(3, 0);
  const angles = [0, 0.1, 0.5];
  const features = angles.map((angle, i) => Float32Array.of(Math.cos(angle) * (i + 1), Math.sin(angle) * (i + 1)));
  const scores = regionScores(features, text);
  expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 12);
  expect(scores[0]! / scores[1]!).toBeCloseTo(Math.exp(100 * (1 - Math.cos(0.1))), 3);
  expect(scores[2]!).toBeLessThan(scores[1]!);
});

test("a view is the region's box, with what lies around the region or without", () => {
  const mask = drawn("....", ".#..", ".##.");
  const image = { width: 4, height: 3, data: Uint8Array.from({ length: 36 }, (_, i) => 100 + Math.floor(i / 3)) };
  const region = { runs: runsOfMask(mask), box: { x0: 1, y0: 1, x1: 3, y1: 3 } };
  const reds = (background: "keep" | "blank") => [...regionView(image, region, background).data].filter((_, i) => i % 3 === 0);
  expect(reds("keep")).toEqual([105, 106, 109, 110]);
  expect(reds("blank")).toEqual([105, 0, 109, 110]);
});
