import { expect, test } from "vitest";
import { isChosen, sliceChoice } from "./slice-range.ts";

const chosen = (text: string) => Array.from({ length: 12 }, (_, i) => i + 1).filter((number) => isChosen(number, sliceChoice(text)!));

test("slices are counted from 1, ends included", () => {
  expect(chosen("3:5")).toEqual([3, 4, 5]);
  expect(chosen("11:")).toEqual([11, 12]);
  expect(chosen(":2")).toEqual([1, 2]);
  expect(chosen("7")).toEqual([7]);
  expect(chosen("every:5")).toEqual([1, 6, 11]);
});

test("anything else is none", () => {
  for (const text of ["", ":", "0:3", "5:3", "a:b", "every:0", "1:2:3", "-1", "1.5"]) {
    expect(sliceChoice(text), text).toBeUndefined();
  }
});
