import { expect, test } from "vitest";
import { labelRulesOf } from "./labels.ts";

test("classes are exclusive, and the background is one of the outputs", () => {
  const rules = labelRulesOf({ labels: { background: 0, lung: 1, trachea: 2 } });
  expect(rules).toMatchObject({ values: [0, 1, 2], foreground: [1, 2], regions: undefined, ignore: undefined, outputs: 3 });
});

test("the ignore label is an entry, but no output", () => {
  const rules = labelRulesOf({ labels: { background: 0, lung: 1, ignore: 2 } });
  expect(rules).toMatchObject({ values: [0, 1], foreground: [1], ignore: 2, outputs: 2 });
  expect(rules.entries.map(({ name }) => name)).toEqual(["background", "lung", "ignore"]);
});

test("regions are outputs in the order of dataset.json, without the background", () => {
  const labels = { background: 0, whole: [1, 2, 3], core: [3, 2], enhancing: 3, ignore: 4 };
  const rules = labelRulesOf({ labels, regions_class_order: [1, 2, 3] });
  expect(rules.outputs).toBe(3);
  expect(rules.ignore).toBe(4);
  expect(rules.regions).toEqual([
    { name: "whole", values: [1, 2, 3], paintedAs: 1 },
    { name: "core", values: [2, 3], paintedAs: 2 },
    { name: "enhancing", values: [3], paintedAs: 3 },
  ]);
});

test("a list of one value is that value", () => {
  expect(labelRulesOf({ labels: { background: [0], lesion: [1] } })).toMatchObject({ regions: undefined, outputs: 2 });
});

test.each([
  ["a gap", { labels: { background: 0, a: 1, b: 3 } }, /consecutive, got 0, 1, 3: 2 is missing/],
  ["no background", { labels: { a: 1 } }, /no entry for 0\. Add "background": 0/],
  ["no entries", { labels: {} }, /no entry for 0/],
  ["nothing but background", { labels: { background: 0 } }, /no entry but the background/],
  ["two names for a value", { labels: { background: 0, a: 1, b: 1 } }, /"a" and "b" have the same value 1/],
  ["an ignore label in between", { labels: { background: 0, ignore: 1, a: 2 } }, /0, 2: 1 is missing/],
  ["an ignore label too high", { labels: { background: 0, a: 1, ignore: 255 } }, /"ignore" must be the value after all others, 2, got 255/],
  ["regions without order", { labels: { background: 0, a: [1, 2], b: 2 } }, /need "regions_class_order".+ 2 values for "a", "b"/],
  ["too short an order", { labels: { background: 0, a: [1, 2], b: 2 }, regions_class_order: [1] }, /must have 2 values out of 1, 2/],
  ["an unknown value in the order", { labels: { background: 0, a: [1, 2], b: 2 }, regions_class_order: [1, 3] }, /got \[1, 3\]/],
  ["a fraction", { labels: { background: 0, a: 1.5 } }, /"a" must be a whole number.+got 1\.5/],
  ["an empty region", { labels: { background: 0, a: [] } }, /"a" must be a whole number/],
])("%s is an error that names the file", (_, table, message) => {
  expect(() => labelRulesOf(table, "set/dataset.json")).toThrow(message);
  expect(() => labelRulesOf(table, "set/dataset.json")).toThrow(/^"set\/dataset.json"/);
});

test("labels of nnU-Net v1 are recognised", () => {
  const labels = { "0": "background", "1": "lung" } as unknown as Record<string, number>;
  expect(() => labelRulesOf({ labels })).toThrow(/nnU-Net v1; turn it round: "background": 0/);
});
