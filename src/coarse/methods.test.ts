import fc from "fast-check";
import { expect, test } from "vitest";
import { anyGray, areaOf, mirrored } from "../../test/support/pictures.ts";
import { rgbImage } from "../image/index.ts";
import { CrfSettings } from "./crf/crf.ts";
import { kmeansMask } from "./kmeans.ts";
import { type CoarseMethodName, coarseMethods } from "./methods.ts";
import { otsuMask, thresholdMask } from "./threshold.ts";

const methods = Object.keys(coarseMethods) as CoarseMethodName[];
const row = (...levels: number[]) => ({ width: levels.length, height: 1, data: Uint8Array.from(levels) });

test("threshold is strict: level / 255 must be above it", () => {
  expect(thresholdMask(row(76, 77, 255), { threshold: 0.3 })).toEqual({ width: 3, height: 1, data: Uint8Array.of(0, 1, 1), level: 77 }); // 76 / 255 = 0.298
  expect([...thresholdMask(row(51, 52), { threshold: 0.2 }).data]).toEqual([0, 1]); // 51 / 255 = 0.2
  expect(thresholdMask(row(255), { threshold: 1 })).toMatchObject({ data: Uint8Array.of(0), level: 256 });
});

test("kmeans keeps the brighter cluster", () => {
  // Levels {0 x10, 50 x5, 200 x4, 255 x2}, stacked so that each keeps its share in the 256 x 256 grid.
  const levels = [...Array(10).fill(0), ...Array(5).fill(50), ...Array(4).fill(200), ...Array(2).fill(255)] as number[];
  const map = { width: 256, height: 21, data: Uint8Array.from({ length: 256 * 21 }, (_, i) => levels[Math.floor(i / 256)]!) };
  expect(kmeansMask(map)).toMatchObject({ level: 200, width: 256, height: 21 });
  expect(areaOf(kmeansMask(map))).toBe(5 * 256); // the detour through 256 rows loses one of the six: row 15 of 21 reads row 182, which reads 14
});

test("a constant map has no cluster to keep; Otsu keeps all of it, as OpenCV does", () => {
  const map = row(77, 77, 77);
  expect(kmeansMask(map)).toEqual({ width: 3, height: 1, data: new Uint8Array(3) });
  expect(areaOf(otsuMask(map))).toBe(3);
});

test("every method gives a mask of the map's size whose foreground is no darker than its background", () => {
  fc.assert(
    fc.property(anyGray(20), fc.constantFrom(...methods), (map, method) => {
      const mask = coarseMethods[method].cut(map, { ...CrfSettings.parse({}), threshold: 0.3 }, rgbImage(map));
      expect([mask.width, mask.height, mask.data.length]).toEqual([map.width, map.height, map.data.length]);
      if (method === "kmeans" || method === "crf") return; // one moves pixels on its way through 256 x 256, the other looks at neighbours
      const levels = (value: number) => [...map.data].filter((_, i) => mask.data[i] === value);
      expect(Math.min(256, ...levels(1))).toBeGreaterThan(Math.max(-1, ...levels(0)));
    }),
  );
});

test("methods that stay on the map's grid do not mind a mirror", () => {
  fc.assert(
    fc.property(anyGray(12), fc.constantFrom("otsu" as const, "threshold" as const), (map, method) => {
      expect(coarseMethods[method].cut(mirrored(map), { threshold: 0.3 }).data).toEqual(
        mirrored(coarseMethods[method].cut(map, { threshold: 0.3 })).data,
      );
    }),
  );
});
