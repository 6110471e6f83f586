import { expect, test } from "vitest";
import { labelMap } from "./label-map.ts";
import { enlargeFor } from "./variants/index.ts";

const size = { width: 4, height: 4 };
const enlarge = enlargeFor({ variant: "sam", imageSize: 4 });
const columns = (from: number, to: number) => ({
  ...size,
  data: Uint8Array.from({ length: 16 }, (_, i) => (i % 4 >= from && i % 4 < to ? 1 : 0)),
});
const plane = (level: number) => new Float32Array(16).fill(level);
const row = ({ data }: { data: Uint8Array }) => [...data.subarray(0, 4)];
const of = (value: number, from: number, to: number, ...levels: number[]) => ({
  value,
  mask: columns(from, to),
  logits: levels.map(plane),
});

test("a pixel has the value of its mask; where masks overlap, of the one with the higher logit", () => {
  expect(row(labelMap([of(1, 0, 2, 1), of(2, 3, 4, 1)], size, enlarge))).toEqual([1, 1, 0, 2]);
  expect(row(labelMap([of(1, 0, 3, 1), of(2, 1, 4, 2)], size, enlarge))).toEqual([1, 2, 2, 2]);
  expect(row(labelMap([of(1, 0, 3, 2), of(2, 1, 4, 1)], size, enlarge))).toEqual([1, 1, 1, 2]);
  expect(row(labelMap([of(7, 0, 4, 1), of(9, 0, 4, 3), of(4, 0, 4, 2)], size, enlarge))).toEqual([9, 9, 9, 9]);
});

test("of a union of boxes the highest logit counts, and among equals the first mask wins", () => {
  expect(row(labelMap([of(1, 0, 3, -1, 3), of(2, 1, 4, 2)], size, enlarge))).toEqual([1, 1, 1, 2]);
  expect(row(labelMap([of(1, 0, 3, 2), of(2, 1, 4, 2)], size, enlarge))).toEqual([1, 1, 1, 2]);
});

test("logits decide at the size of the image: bilinear between those of the model", () => {
  const left = { value: 1, mask: columns(0, 4), logits: [Float32Array.from([4, 0, 4, 0])] };
  const right = { value: 2, mask: columns(0, 4), logits: [Float32Array.from([0, 4, 0, 4])] };
  expect(row(labelMap([left, right], size, enlarge))).toEqual([1, 1, 2, 2]);
});
