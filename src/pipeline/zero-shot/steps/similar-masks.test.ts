import { expect, test } from "vitest";
import type { Mask } from "../../../image/index.ts";
import { similarMasks, similarMaskWarnings } from "./similar-masks.ts";

/** The first pixels of 20, and optionally others. */
const mask = (count: number, from = 0): Mask => ({
  width: 20,
  height: 1,
  data: Uint8Array.from({ length: 20 }, (_, i) => (i >= from && i < from + count ? 1 : 0)),
});

test("targets with nearly the same mask are one warning that names them", () => {
  const masks = { lung: mask(10), heart: mask(9), spine: mask(10), rib: mask(8), skin: mask(10, 10) };
  const all = Object.entries(masks).map(([name, one]) => ({ name, mask: one }));
  expect(similarMasks(all)).toEqual([
    {
      names: ["lung", "heart", "spine"],
      warning:
        'the masks of "lung", "heart" and "spine" are nearly the same (IoU of 0.9 or more): the model may not tell these targets apart',
    },
  ]);
});

test("empty masks and unnamed targets are no such case", () => {
  expect(
    similarMasks([
      { name: "a", mask: mask(0) },
      { name: "b", mask: mask(0) },
    ]),
  ).toEqual([]);
  expect(similarMaskWarnings([{ target: {}, mask: mask(3) }])).toEqual([]);
  expect(similarMaskWarnings(["a", "b"].map((name) => ({ target: { name }, mask: mask(3) })))).toHaveLength(1);
});
