import { expect, test } from "vitest";
import { drawn } from "../../test/support/pictures.ts";
import { ShapeError } from "../errors.ts";
import { setSlice, sliceOf, stackOf } from "./stack.ts";

test("a stack is made of masks, and its slices are those masks", () => {
  const masks = [drawn("#.", ".."), drawn("..", ".#"), drawn("##", "..")];
  const stack = stackOf(masks);
  expect(stack).toMatchObject({ slices: 3, rows: 2, columns: 2 });
  expect([0, 1, 2].map((slice) => sliceOf(stack, slice))).toEqual(masks);
  setSlice(stack, 1, masks[2]!);
  expect(sliceOf(stack, 1)).toEqual(masks[2]);
});

test("no masks, masks of different sizes and slices beyond the stack are refused", () => {
  expect(() => stackOf([])).toThrow(ShapeError);
  expect(() => stackOf([drawn("#."), drawn("#", ".")])).toThrow("slices have 2 x 1 pixels, slice 1 got 1 x 2");
  for (const slice of [-1, 1, 0.5]) expect(() => sliceOf(stackOf([drawn("#")]), slice)).toThrow("of a stack of 1");
});
