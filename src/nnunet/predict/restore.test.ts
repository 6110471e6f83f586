import { expect, test } from "vitest";
import { type ClassMaps, probabilitiesOf } from "../../image/index.ts";
import { labelRulesOf } from "../labels.ts";
import { labelsOf, predictCase, restore, restoredLogits } from "./index.ts";

const logits = (areExclusive: boolean, width: number, data: number[]): ClassMaps<"logits"> => ({
  kind: "logits",
  ...{ areExclusive, count: data.length / width, width, height: 1, data: Float32Array.from(data) },
});
const box = { x0: 1, y0: 0, x1: 3, y1: 1 };
const sizeBeforeCrop = { width: 4, height: 1 };

// softmax(0, ln 3) = 0.25, 0.75.
test("probabilities lie where the crop came from; outside is background", () => {
  const found = restore(logits(true, 2, [0, 0, Math.log(3), 0]), { box, sizeBeforeCrop });
  expect(found).toMatchObject({ kind: "probabilities", count: 2, width: 4, height: 1 });
  expect(Array.from(found.data).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([1, 0.25, 0.5, 1, 0, 0.75, 0.5, 0]);
  expect(Array.from(labelsOf(found, { regions: undefined }).data)).toEqual([0, 1, 0, 0]); // equal ones: the lowest
});

test("outside of the crop no region is there", () => {
  const { data } = restore(logits(false, 2, [0, 100]), { box, sizeBeforeCrop });
  expect(Array.from(data)).toEqual([0, 0.5, 1, 0]);
});

// From one pixel to two of double size: logits 0 and 4 at positions 0.25 and 0.75 of the way, then the softmax.
test("logits are resampled before they become probabilities", () => {
  const maps = logits(true, 2, [0, 0, 0, 4]);
  const { data } = restore(maps, { box: { x0: 0, y0: 0, x1: 4, y1: 1 }, sizeBeforeCrop });
  const expected = [0, 1, 3, 4].map((logit) => 1 / (1 + Math.exp(-logit)));
  for (const [i, value] of expected.entries()) expect(data[4 + i]).toBeCloseTo(value, 6);
});

test("regions above 0.5 are painted in their order, later ones over earlier ones", () => {
  const rules = labelRulesOf({ labels: { background: 0, whole: [1, 2], core: [2] }, regions_class_order: [1, 2] });
  const maps = { ...logits(false, 4, [0.9, 0.9, 0.5, 0.2, 0.2, 0.6, 0.5, 0.9]), kind: "probabilities" } as const;
  expect(Array.from(labelsOf(maps, rules).data)).toEqual([1, 2, 0, 2]);
});

test("folds are averaged as logits", async () => {
  const image = { channels: 1, height: 1, width: 1, data: Float32Array.of(1) };
  const fold = (value: number) => async () => new Float32Array(2).fill(value);
  const settings = { patch: { width: 1, height: 1 }, outputs: 2, areExclusive: true };
  expect(Array.from((await predictCase(image, [fold(1), fold(4)], settings)).data)).toEqual([2.5, 2.5]);
  await expect(predictCase(image, [], settings)).rejects.toThrow(/at least one network/);
});

test("restored logits give the probabilities of `restore`, also outside of the crop", () => {
  for (const areExclusive of [true, false]) {
    const given = logits(areExclusive, 2, [1, 2, 3, -1]);
    const found = probabilitiesOf(restoredLogits(given, { box, sizeBeforeCrop }));
    for (const [i, value] of restore(given, { box, sizeBeforeCrop }).data.entries()) expect(found.data[i]).toBeCloseTo(value, 6);
  }
});

test("of two classes, and of regions, the threshold decides", () => {
  const maps = (areExclusive: boolean, data: number[]): ClassMaps<"probabilities"> => {
    return { kind: "probabilities", areExclusive, count: 2, width: 2, height: 1, data: Float32Array.from(data) };
  };
  const classes = maps(true, [0.75, 0.5, 0.25, 0.5]);
  expect([...labelsOf(classes, { regions: undefined }).data]).toEqual([0, 0]);
  expect([...labelsOf(classes, { regions: undefined }, { threshold: 0.2 }).data]).toEqual([1, 1]);
  const { regions } = labelRulesOf({ labels: { background: 0, whole: [1, 2], core: 2 }, regions_class_order: [1, 2] });
  expect([...labelsOf(maps(false, [0.3, 0.9, 0.1, 0.4]), { regions }, { threshold: 0.2 }).data]).toEqual([1, 2]);
});
