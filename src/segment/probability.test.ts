import { expect, test } from "vitest";
import { uniform } from "../tensor/random.ts";
import { above } from "./postprocess.ts";
import { levelsWithin, probabilityLevels } from "./probability.ts";
import { enlargeFor } from "./variants/index.ts";

const size = { width: 20, height: 14 };
const enlarge = enlargeFor({ variant: "sam", imageSize: 32 });
const draws = uniform("probabilities", 3);
const logits = Float32Array.from({ length: 64 }, (_, i) => 8 * draws.at(i) - 4);

test("the mask is where probabilities are 0.5 or more, by the sigmoid of its logits", () => {
  const full = enlarge(logits, size);
  const mask = above(full, 0);
  const { data } = probabilityLevels({ mask, logits: [logits] }, enlarge);
  expect(Array.from(data, (level) => (level / 255 >= 0.5 ? 1 : 0))).toEqual([...mask.data]);
  const inside = mask.data.indexOf(1);
  expect(data[inside]).toBe(Math.round(255 / (1 + Math.exp(-full.data[inside]!))));
  expect(data.every((level, i) => mask.data[i] === 1 || level === 0)).toBe(true);
});

test("of several predictions the highest counts, and a component that was not kept has none", () => {
  const low = logits.map((logit) => logit - 1);
  const mask = above(enlarge(logits, size), 0);
  expect(probabilityLevels({ mask, logits: [low, logits] }, enlarge)).toEqual(probabilityLevels({ mask, logits: [logits] }, enlarge));
  const kept = { ...mask, data: mask.data.map((value, i) => (i < 140 ? value : 0)) };
  expect(
    probabilityLevels({ mask: kept, logits: [logits] }, enlarge)
      .data.subarray(140)
      .every((level) => level === 0),
  ).toBe(true);
  const empty = { ...mask, data: new Uint8Array(mask.data.length) };
  expect(probabilityLevels({ mask: empty, logits: [] }, enlarge).data.every((level) => level === 0)).toBe(true);
});

test("a changed mask keeps the probabilities inside, and has 0.5 where it has grown", () => {
  const levels = { width: 4, height: 1, data: Uint8Array.of(0, 200, 130, 0) };
  const mask = { width: 4, height: 1, data: Uint8Array.of(1, 1, 0, 0) };
  expect([...levelsWithin(levels, mask).data]).toEqual([128, 200, 0, 0]);
  expect(() => levelsWithin(levels, { ...mask, width: 2, height: 2 })).toThrow("2 x 2 pixels, its probabilities 4 x 1");
});
