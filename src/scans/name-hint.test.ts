import { expect, test } from "vitest";
import { nameHint } from "./name-hint.ts";

const hint = (truths: string[], predictions: string[]) =>
  nameHint({ names: truths, noun: "truths" }, { names: predictions, noun: "predictions" });
const cases = Array.from({ length: 20 }, (_, i) => `case_${i}`);

test("what one side adds at the end or in front is named", () => {
  expect(hint(["a_mask", "b_mask"], ["a", "b"])).toBe('the names of truths end with "_mask"');
  expect(hint(["a", "b", "c"], ["a-pred", "b-pred"])).toBe('the names of predictions end with "-pred"');
  expect(hint(["sub/gt_a", "gt_b"], ["sub/a", "b"])).toBe('the names of truths begin with "gt_"');
  const [truths, predictions] = [cases.map((name) => `${name}_seg_mask`), cases.map((name) => `${name}_0000`)];
  expect(hint(truths, predictions)).toBe('the names of truths end with "_seg_mask" and the names of predictions end with "_0000"');
  expect(
    hint(
      cases.map((name) => `${name}_mask`),
      cases,
    ),
  ).toBe('the names of truths end with "_mask"');
});

test("many names with one stem and their own numbers stay countable", () => {
  const many = Array.from({ length: 5000 }, (_, i) => `case_${i}`); // 2.5e7 pairs of numbers: more than a Map can hold
  const masks = many.map((name) => `${name}_mask`);
  expect(hint(masks, many)).toBe('the names of truths end with "_mask"');
  expect(
    hint(
      many,
      many.map((name) => `other_${name}`),
    ),
  ).toBe('the names of predictions begin with "other_"');
});

test("letters in another case are named", () => {
  expect(hint(["Case_1", "Case_2"], ["case_1", "case_2"])).toBe("the names differ in upper and lower case");
});

test("names that have nothing in common, and names that agree by chance, give no hint", () => {
  expect(hint(["a", "b"], ["x", "y"])).toBeUndefined();
  expect(hint(["a_mask", "b", "c", "d"], ["a", "x", "y", "z"])).toBeUndefined();
  expect(hint([], ["a"])).toBeUndefined();
});
