import { describe, expect, test } from "vitest";
import { drawn } from "../../test/support/pictures.ts";
import { above, unionOf } from "./index.ts";

test("a pixel on the threshold is outside", () => {
  expect(Array.from(above({ width: 3, height: 1, data: Float32Array.of(-1, 0, 1) }, 0).data)).toEqual([0, 0, 1]);
});

describe("union", () => {
  test("holds what any mask holds", () => {
    expect(unionOf([drawn("##..", "...."), drawn(".##.", "...#")])).toEqual(drawn("###.", "...#"));
  });

  test("of one mask is that mask", () => {
    expect(unionOf([drawn("#.", ".#")])).toEqual(drawn("#.", ".#"));
  });

  test("of no mask, or of different sizes, is an error", () => {
    expect(() => unionOf([])).toThrow("at least one mask");
    expect(() => unionOf([drawn("##"), drawn("#", "#")])).toThrow("unionOf: masks must have one size, got 2 x 1 and 1 x 2");
  });
});
