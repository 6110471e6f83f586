import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyStack, drawnStack } from "../../test/support/stacks.ts";
import { ConfigError } from "../errors.ts";
import { smoothAlongNormal } from "./smooth.ts";

describe("smoothAlongNormal", () => {
  test("fills what one slice lost and removes what one slice alone has", () => {
    const stack = drawnStack(["#.."], ["#.."], ["..#"], ["#.."], ["#.."]);
    expect(smoothAlongNormal(stack)).toEqual(drawnStack(["#.."], ["#.."], ["#.."], ["#.."], ["#.."]));
  });

  test("the first and the last slice stay under a reach of one slice", () => {
    expect(smoothAlongNormal(drawnStack(["#"], ["."], ["."], ["#"]))).toEqual(drawnStack(["#"], ["."], ["."], ["#"]));
  });

  test("in millimetres, slices thicker than the reach are left alone", () => {
    const stack = drawnStack(["#"], ["."], ["#"]);
    expect(smoothAlongNormal(stack, { reachMm: 5, sliceSpacing: 5.1 })).toEqual(stack);
    expect(smoothAlongNormal(stack, { reachMm: 5, sliceSpacing: 5.00001 })).toEqual(drawnStack(["#"], ["#"], ["#"]));
  });

  test("a wider window takes the majority of all its slices", () => {
    const stack = drawnStack(["#"], ["#"], ["."], ["."], ["#"], ["#"], ["."]);
    // Slice 2 of 0..4: # # . . # is foreground; slice 3 of 1..5: # . . # # too; slice 5 of 3..7: . # # . . is not.
    expect(smoothAlongNormal(stack, { reach: 2 })).toEqual(drawnStack(["#"], ["#"], ["#"], ["#"], ["."], ["."], ["."]));
  });

  test("agrees with counting, and adds and removes nothing on which all slices within reach agree", () => {
    fc.assert(
      fc.property(anyStack, fc.integer({ min: 0, max: 3 }), (stack, reach) => {
        const { slices, rows, columns, data } = stack;
        const smooth = smoothAlongNormal(stack, { reach });
        const size = rows * columns;
        for (let i = 0; i < data.length; i++) {
          const window = Array.from({ length: 2 * reach + 1 }, (_, k) => {
            const slice = Math.min(slices - 1, Math.max(0, Math.floor(i / size) + k - reach));
            return data[slice * size + (i % size)]!;
          });
          expect(smooth.data[i]).toBe(window.toSorted((a, b) => a - b)[reach]);
        }
      }),
    );
  });

  test("inside and outside are treated alike", () => {
    fc.assert(
      fc.property(anyStack, (stack) => {
        const inverse = { ...stack, data: stack.data.map((value) => 1 - value) };
        expect(smoothAlongNormal(inverse).data).toEqual(smoothAlongNormal(stack).data.map((value) => 1 - value));
      }),
    );
  });

  test("a reach that is no such number is refused", () => {
    const stack = drawnStack(["#"]);
    for (const reach of [{ reach: -1 }, { reach: 0.5 }, { reach: Number.NaN }, { reachMm: 3, sliceSpacing: 0 }]) {
      expect(() => smoothAlongNormal(stack, reach)).toThrow(ConfigError);
    }
  });
});
