import fc from "fast-check";
import { expect, test } from "vitest";
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
