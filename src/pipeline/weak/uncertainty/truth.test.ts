import { expect, test } from "vitest";
import { probabilityRow } from "../../../../test/support/class-maps.ts";
import type { LabelMap } from "../../../image/index.ts";
import { labelRulesOf } from "../../../nnunet/index.ts";
import { judgedRow, scoresByTruth } from "./truth.ts";

const truthOf = (...data: number[]): LabelMap => ({ kind: "labels", width: data.length, height: 1, data: Int16Array.from(data) });

test("judged are the pixels near the true foreground, without the ignore label", () => {
  const labels = labelRulesOf({ labels: { background: 0, disc: 1, ignore: 2 } });
  const values = [...Array(20).keys()].map((i) => i / 20);
  const mean = probabilityRow(...values.map((p) => [1 - p, p]));
  // Foreground at 0 reaches to pixel 10, of which pixel 3 is not judged.
  const { probabilities, truth } = judgedRow(mean, truthOf(1, 0, 0, 2, ...Array<number>(16).fill(0)), labels);
  expect([...truth.data]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...probabilities.data.slice(10)]).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10].map((i) => Math.fround(i / 20)));
});

test("each region is judged as two classes of its own", () => {
  const labels = labelRulesOf({ labels: { background: 0, whole: [1, 2], core: 2 }, regions_class_order: [1, 2] });
  const mean = { ...probabilityRow([0.75, 0.25], [0.5, 0.125]), areExclusive: false };
  const { probabilities, truth } = judgedRow(mean, truthOf(1, 2), labels);
  expect([...truth.data]).toEqual([1, 1, 0, 1]);
  expect(probabilities).toMatchObject({ areExclusive: true, count: 2, width: 4, height: 1 });
  expect([...probabilities.data]).toEqual([0.25, 0.5, 0.75, 0.875, 0.75, 0.5, 0.25, 0.125]);
});

test("pixels of the ignore label count on neither side", () => {
  const mask = { width: 4, height: 1, data: Uint8Array.of(1, 1, 0, 1) };
  expect(scoresByTruth("a", mask, truthOf(1, 1, 0, 2), { ignore: 2 }).dsc).toBe(1);
  expect(scoresByTruth("a", mask, truthOf(1, 1, 0, 2), { ignore: undefined }).dsc).toBe(1);
  expect(scoresByTruth("a", mask, truthOf(1, 1, 0, 0), { ignore: undefined }).dsc).toBe(0.8);
});
