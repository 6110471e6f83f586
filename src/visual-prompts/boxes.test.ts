import fc from "fast-check";
import { expect, test } from "vitest";
import { anyMask, decodeGray, decodeMask, drawn } from "../../test/support/pictures.ts";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { coarseMethods } from "../coarse/index.ts";
import { type Box, keepComponents, type Mask } from "../image/index.ts";
import { boxesOf, partsOfBoxes } from "./boxes.ts";

const flat = ({ x0, y0, x1, y1 }: Box) => [x0, y0, x1, y1];

test("the published vector: a mask at the right and lower edge is clamped one pixel earlier by the reference", () => {
  const data = Uint8Array.from({ length: 60 * 50 }, (_, i) => (i % 60 >= 20 && Math.floor(i / 60) >= 10 ? 1 : 0));
  const mask = { width: 60, height: 50, data };
  expect(boxesOf(mask, { perComponent: false, clamp: "reference" }).map(flat)).toEqual([[20, 10, 59, 49]]);
  expect(boxesOf(mask, { perComponent: false, clamp: "exclusive" }).map(flat)).toEqual([[20, 10, 60, 50]]);
});

test("one box each, ordered by y0, then x0, without what lies in a hole", () => {
  const mask = drawn(
    ".....####", //
    "##...#..#",
    "##...#.##",
    ".....#..#",
    "#....####",
  );
  const boxes = [
    [5, 0, 9, 5],
    [0, 1, 2, 3],
    [0, 4, 1, 5],
  ];
  expect(boxesOf(mask, { perComponent: true, clamp: "exclusive" }).map(flat)).toEqual(boxes);
  const dotInRing = drawn("#####", "#...#", "#.#.#", "#...#", "#####");
  expect(boxesOf(dotInRing, { perComponent: true, clamp: "exclusive" }).map(flat)).toEqual([[0, 0, 5, 5]]);
});

test("each box has its component, with what lies in a hole of it", () => {
  const mask = drawn(
    "...#####", //
    "##.#...#",
    "##.#.#.#",
    "...#...#",
    "...#####",
  );
  const [ring, square] = partsOfBoxes(mask);
  expect(ring).toEqual(drawn("...#####", "...#...#", "...#.#.#", "...#...#", "...#####"));
  expect(square).toEqual(drawn("........", "##......", "##......", "........", "........"));
  expect(partsOfBoxes(drawn("..", ".."))).toEqual([]);
  fc.assert(
    fc.property(anyMask(12), (given) => {
      const boxes = boxesOf(given, { perComponent: true, clamp: "exclusive" });
      const parts = partsOfBoxes(given);
      expect(parts.map((part) => boxesOf(part, { perComponent: false, clamp: "exclusive" })[0])).toEqual(boxes);
      expect(Uint8Array.from(given.data, (_, i) => (parts.some(({ data }) => data[i] === 1) ? 1 : 0))).toEqual(given.data);
    }),
  );
});

test("an empty mask has no boxes", () => {
  expect(boxesOf(drawn("..", ".."), { perComponent: false, clamp: "exclusive" })).toEqual([]);
  expect(boxesOf(drawn("..", ".."), { perComponent: true, clamp: "reference" })).toEqual([]);
});

interface Kept {
  box_reference: number[];
  box_inclusive: number[];
  boxes_reference: number[][];
  boxes_inclusive: number[][];
}
type Method = { after: { foreground: number; keep: Record<string, Kept> } };
type Case = { name: string } & Record<"kmeans" | "two_means" | "otsu" | "threshold", Method>;

describeWith(["parity/coarse/coarse.json"], "boxes of the released script", () => {
  const { maps } = sharedJson<{ maps: Case[] }>("parity/coarse/coarse.json");
  const expectBoxes = (mask: Mask, { after }: Method): void => {
    if (after.foreground === 0) return; // the box of an empty mask is an option of visualPrompts
    for (const [keep, expected] of Object.entries(after.keep)) {
      const kept = keepComponents(mask, { keep: Number(keep), ties: "keep" });
      const boxes = (perComponent: boolean, clamp: "exclusive" | "reference") => boxesOf(kept, { perComponent, clamp }).map(flat);
      expect(boxes(false, "reference")).toEqual([expected.box_reference]);
      expect(boxes(true, "reference")).toEqual(expected.boxes_reference);
      const exclusive = ([x0, y0, x1, y1]: number[]) => [x0, y0, x1! + 1, y1! + 1];
      expect(boxes(false, "exclusive")).toEqual([exclusive(expected.box_inclusive)]);
      expect(boxes(true, "exclusive")).toEqual(expected.boxes_inclusive.map(exclusive));
    }
  };
  test.for(maps)("$name", async (map) => {
    const gray = await decodeGray(sharedPath("parity/coarse/maps", `${map.name}.png`));
    expectBoxes(await decodeMask(sharedPath("parity/coarse/kmeans", `${map.name}.png`)), map.kmeans);
    expectBoxes(coarseMethods.kmeans.cut(gray), map.two_means);
    expectBoxes(coarseMethods.otsu.cut(gray), map.otsu);
    expectBoxes(coarseMethods.threshold.cut(gray, { threshold: 0.3 }), map.threshold);
  });
});

test("the box round everything is the least one that holds every pixel", () => {
  fc.assert(
    fc.property(anyMask(12), (mask) => {
      const columns = [...mask.data.keys()].filter((i) => mask.data[i]).map((i) => i % mask.width);
      const rows = [...mask.data.keys()].filter((i) => mask.data[i]).map((i) => Math.floor(i / mask.width));
      const expected =
        rows.length === 0 ? [] : [[Math.min(...columns), Math.min(...rows), Math.max(...columns) + 1, Math.max(...rows) + 1]];
      expect(boxesOf(mask, { perComponent: false, clamp: "exclusive" }).map(flat)).toEqual(expected);
    }),
  );
});
