import fc from "fast-check";
import { expect, test } from "vitest";
import { loadOpenCv } from "../../test/support/opencv.ts";
import { anyMask, areaOf, decodeMask, drawn, mirrored } from "../../test/support/pictures.ts";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { components, componentsWithin, keepComponents, selectComponents } from "./components.ts";

test("diagonal pixels belong together with 8 neighbours, and do not with 4", () => {
  const mask = drawn("#.", ".#");
  expect(components(mask).components).toEqual([{ label: 1, areaPx: 2, box: { x0: 0, y0: 0, x1: 2, y1: 2 }, firstIndex: 0 }]);
  expect(components(mask, 4).components.map((c) => c.firstIndex)).toEqual([0, 3]);
});

test("arms that meet below are one component, named after its first pixel", () => {
  const mask = drawn(
    ".#..#.", //
    "##..##",
    ".####.",
    "......",
    "#....#",
  );
  const labels = components(mask);
  expect(labels.components.map((c) => [c.areaPx, c.firstIndex])).toEqual([
    [10, 1],
    [1, 24],
    [1, 29],
  ]);
  expect(labels.components[0]!.box).toEqual({ x0: 0, y0: 0, x1: 6, y1: 3 });
  expect([...labels.data.subarray(0, 6)]).toEqual([0, 1, 0, 0, 1, 0]);
});

test("components within a mask have more than half of their pixels in it", () => {
  const labels = components(drawn("##.##", "##.##", ".....", "###.."));
  const within = componentsWithin(labels, drawn("##.#.", "#..#.", ".....", ".##.."));
  expect(within.map(({ firstIndex }) => firstIndex)).toEqual([0, 15]); // 3 of 4, 2 of 4, 2 of 3
  expect(() => componentsWithin(labels, drawn("#"))).toThrow("componentsWithin: the components are of 5 x 4, the mask 1 x 1");
});

test("of two equal squares, strict keeps the first and keep keeps both", () => {
  const mask = drawn("##.##", "##.##", ".....", "#....");
  expect(areaOf(keepComponents(mask, { keep: 1, ties: "strict" }))).toBe(4);
  expect(keepComponents(mask, { keep: 1, ties: "strict" }).data[0]).toBe(1);
  expect(areaOf(keepComponents(mask, { keep: 1, ties: "keep" }))).toBe(8);
  expect(areaOf(keepComponents(mask, { keep: 2, ties: "keep" }))).toBe(8); // the two largest areas are 4 and 4
  expect(areaOf(keepComponents(mask, { keep: 3, ties: "keep" }))).toBe(9);
});

test("limits drop components before the largest are chosen, and the brightest stays where none passes", () => {
  const mask = drawn("###.#", "###..");
  const saliency = { width: 5, height: 2, data: Uint8Array.of(100, 100, 100, 0, 250, 100, 100, 100, 0, 0) };
  const labels = components(mask);
  const select = (minAreaPx: number, minMeanSaliency: number) =>
    selectComponents(labels, { keep: 1, ties: "strict", minAreaPx, minMeanSaliency, saliency });
  expect(select(1, 0.5).components.map((c) => c.areaPx)).toEqual([1]);
  expect(select(2, 0).components.map((c) => c.areaPx)).toEqual([6]);
  expect(select(2, 0.5)).toMatchObject({ components: [{ areaPx: 1 }], fellBack: true });
  expect(selectComponents(labels, { keep: 1, ties: "strict", minAreaPx: 7 }).components).toEqual([]);
  expect(() => selectComponents(labels, { keep: 1, ties: "strict", minMeanSaliency: 0.5 })).toThrow("needs the saliency map");
});

interface Golden {
  cases: {
    mask: string;
    connectivity: 4 | 8;
    count_without_background: number;
    components_by_area: { left: number; top: number; width: number; height: number; area: number }[];
  }[];
}

describeWith(["data/golden/connected_components.json"], "components of real masks", () => {
  const { cases } = sharedJson<Golden>("data/golden/connected_components.json");
  test.for(cases)("$mask, $connectivity neighbours", async (golden) => {
    const found = components(await decodeMask(sharedPath("data", golden.mask)), golden.connectivity).components;
    const asBox = ({ left, top, width, height, area }: Golden["cases"][0]["components_by_area"][0]) =>
      [area, left, top, left + width, top + height].join();
    expect(found).toHaveLength(golden.count_without_background);
    const ours = found.map(({ areaPx, box }) => [areaPx, box.x0, box.y0, box.x1, box.y1].join());
    expect(golden.components_by_area.map(asBox).filter((box) => !ours.includes(box))).toEqual([]);
  });
});

test("random masks have the components that OpenCV finds", async () => {
  const cv = await loadOpenCv();
  fc.assert(
    fc.property(anyMask(14), fc.constantFrom(4 as const, 8 as const), (mask, connectivity) => {
      const ours = components(mask, connectivity);
      const [from, theirs] = [cv.matFromArray(mask.height, mask.width, cv.CV_8UC1, [...mask.data]), new cv.Mat()];
      const count = cv.connectedComponents(from, theirs, connectivity, cv.CV_32S);
      expect(ours.components).toHaveLength(count - 1);
      const pairs = new Set(ours.data.map((label, i) => label * 1000 + theirs.data32S[i]!)); // equal but for the labels' order
      expect(pairs.size).toBe(count - (mask.data.includes(0) ? 0 : 1));
      from.delete();
      theirs.delete();
    }),
    { numRuns: 300 },
  );
});

test("areas add up, boxes hold their component, and mirroring changes neither count nor areas", () => {
  fc.assert(
    fc.property(anyMask(16), (mask) => {
      const { components: found, data, width } = components(mask);
      expect(found.reduce((sum, c) => sum + c.areaPx, 0)).toBe(areaOf(mask));
      for (let i = 0; i < data.length; i++) {
        if (data[i] === 0) continue;
        const { x0, y0, x1, y1 } = found[data[i]! - 1]!.box;
        const [x, y] = [i % width, Math.floor(i / width)];
        expect(x >= x0 && x < x1 && y >= y0 && y < y1).toBe(true);
      }
      const areas = (m: typeof mask) =>
        components(m)
          .components.map((c) => c.areaPx)
          .sort((a, b) => a - b);
      expect(areas(mirrored(mask))).toEqual(areas(mask));
    }),
  );
});

test("keeping K is strictly K, and keeps a part of what keeping ties keeps", () => {
  fc.assert(
    fc.property(anyMask(16), fc.integer({ min: 1, max: 4 }), (mask, keep) => {
      const strict = keepComponents(mask, { keep, ties: "strict" });
      const ties = keepComponents(mask, { keep, ties: "keep" });
      expect(components(strict).components).toHaveLength(Math.min(keep, components(mask).components.length));
      expect(strict.data.every((value, i) => value <= ties.data[i]! && ties.data[i]! <= mask.data[i]!)).toBe(true);
    }),
  );
});
