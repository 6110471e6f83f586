import { describe, expect, test } from "vitest";
import { drawn } from "../../test/support/pictures.ts";
import { ShapeError } from "../errors.ts";
import { above, logitsOfImage, unionOf } from "./index.ts";

describe("logits at the size of the image", () => {
  test("the padded part of the square is cut off before the second step", () => {
    // Logits [2, 2]: the image fills the upper half of the square, so only the upper row of logits reaches it.
    const placement = { size: { width: 4, height: 2 }, resized: { width: 4, height: 2 }, side: 4 };
    const { width, height, data } = logitsOfImage(Float32Array.of(1, 3, 100, 100), placement);
    // Square row 0 lies at -0.25 of the logits, so it is their row 0; row 1 lies at 0.25.
    expect([width, height]).toEqual([4, 2]);
    expect(Array.from(data.subarray(0, 4))).toEqual([1, 1.5, 2.5, 3]);
    expect(data[4]).toBeCloseTo(0.75 * 1 + 0.25 * 100, 4);
  });

  test("logits that are no square are refused", () => {
    const placement = { size: { width: 1, height: 1 }, resized: { width: 1, height: 1 }, side: 1 };
    expect(() => logitsOfImage(new Float32Array(6), placement)).toThrow(ShapeError);
  });
});

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
