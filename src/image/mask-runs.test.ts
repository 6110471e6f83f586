import fc from "fast-check";
import { expect, test } from "vitest";
import { ShapeError } from "../errors.ts";
import { maskOfRuns, runsOfMask } from "./index.ts";

test("the runs of a mask give back its mask", () => {
  const masks = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([width, height]) =>
    fc.record({
      ...{ width: fc.constant(width), height: fc.constant(height) },
      data: fc.uint8Array({ min: 0, max: 1, minLength: width * height, maxLength: width * height }),
    }),
  );
  fc.assert(fc.property(masks, (mask) => void expect(maskOfRuns(runsOfMask(mask))).toEqual(mask)));
});

test("what is no runs of a mask is refused", () => {
  const runs = runsOfMask({ width: 4, height: 2, data: Uint8Array.from([0, 1, 1, 0, 1, 0, 0, 1]) });
  expect(() => maskOfRuns(null as never)).toThrow(ShapeError);
  expect(() => maskOfRuns({ size: [2, 4], counts: [3] } as never)).toThrow("expected { width, height, rows, runs }");
  expect(() => maskOfRuns({ ...runs, height: 3 })).toThrow(ShapeError);
  expect(() => maskOfRuns({ ...runs, width: 3 })).toThrow(ShapeError);
});
