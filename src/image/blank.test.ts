import { expect, test } from "vitest";
import { blankWarnings } from "./blank.ts";

test("an image of one colour gives a warning with its value; one different pixel is enough to avoid it", () => {
  const data = new Uint8Array(12);
  expect(blankWarnings({ width: 2, height: 2, data })[0]).toMatch(/one value \(0, 0, 0\): it shows nothing/);
  expect(blankWarnings({ width: 2, height: 2, data: Uint8Array.from([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]) })).toHaveLength(1);
  expect(blankWarnings({ width: 2, height: 2, data: Uint8Array.from(data, (_, i) => (i === 11 ? 1 : 0)) })).toEqual([]);
});
