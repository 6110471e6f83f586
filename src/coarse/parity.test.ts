import { existsSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { areaOf, decodeGray, decodeMask } from "../../test/support/pictures.ts";
import { describeWith, sharedJson, sharedNames, sharedPath } from "../../test/support/shared-data.ts";
import {
  components,
  type GrayImage,
  histogram,
  keepComponents,
  type Mask,
  meanSaliency,
  opencvNearest,
  otsuThreshold,
  outerContours,
  selectComponents,
  twoMeans,
} from "../image/index.ts";
import { kmeansMask } from "./kmeans.ts";
import { otsuMask, thresholdMask } from "./threshold.ts";

/** What follows a mask: see coarse/README of the parity cases. */
interface After {
  foreground: number;
  components: number;
  contours: number;
  components_4_connected: number;
  largest: { area: number; x0: number; y0: number; x1: number; y1: number; first_index: number; mean_saliency: number }[];
  keep: Record<string, { pixels_reference_ties_kept: number; pixels_strict: number; contours: number }>;
  area_at_least_100: { components: number; pixels: number };
  "area_100_and_mean_saliency_0.5": { components: number; pixels: number; fell_back_to_best: boolean; first_indices: number[] };
}

interface Case {
  name: string;
  kmeans: { after: After };
  two_means: { lowest_foreground_level: number | null; centers: [number, number] | null; after: After };
  otsu: { threshold: number; after: After };
  threshold: { after: After };
}

const folder = "parity/coarse";

/** Overlap of two masks: intersection over union, 1 where both are empty. */
function iou(a: Mask, b: Mask): number {
  const both = a.data.reduce((sum, value, i) => sum + (value & b.data[i]!), 0);
  const either = areaOf(a) + areaOf(b) - both;
  return either === 0 ? 1 : both / either;
}

function expectAfter(mask: Mask, saliency: GrayImage, after: After): void {
  const labels = components(mask);
  const means = meanSaliency(labels, saliency);
  expect(areaOf(mask)).toBe(after.foreground);
  expect(labels.components).toHaveLength(after.components);
  expect(components(mask, 4).components).toHaveLength(after.components_4_connected);
  expect(outerContours(mask, labels)).toHaveLength(after.contours);
  for (const expected of after.largest) {
    const i = labels.components.findIndex((c) => c.firstIndex === expected.first_index);
    expect(labels.components[i]).toMatchObject({
      areaPx: expected.area,
      box: { x0: expected.x0, y0: expected.y0, x1: expected.x1 + 1, y1: expected.y1 + 1 },
    });
    expect(means[i]).toBeCloseTo(expected.mean_saliency, 12);
  }
  for (const [keep, expected] of Object.entries(after.keep)) {
    const ties = keepComponents(mask, { keep: Number(keep), ties: "keep" });
    expect(areaOf(ties), `keep ${keep} with ties`).toBe(expected.pixels_reference_ties_kept);
    if (areaOf(ties) > 0) expect(outerContours(ties), `contours of keep ${keep}`).toHaveLength(expected.contours);
    expect(areaOf(keepComponents(mask, { keep: Number(keep), ties: "strict" })), `keep ${keep} strictly`).toBe(expected.pixels_strict);
  }
  const all = { keep: Number.POSITIVE_INFINITY, ties: "strict" } as const;
  const large = selectComponents(labels, { ...all, minAreaPx: 100 }).components;
  expect({ components: large.length, pixels: large.reduce((sum, c) => sum + c.areaPx, 0) }).toEqual(after.area_at_least_100);
  const passing = selectComponents(labels, { ...all, minAreaPx: 100, minMeanSaliency: 0.5, saliency });
  const expected = after["area_100_and_mean_saliency_0.5"];
  const indices = (list: readonly number[]) => [...list].sort((a, b) => a - b);
  expect(indices(passing.components.map((c) => c.firstIndex))).toEqual(indices(expected.first_indices));
  const passingPx = passing.fellBack ? 0 : passing.components.reduce((sum, c) => sum + c.areaPx, 0); // the case counts what passed
  expect(passingPx).toBe(expected.pixels);
  expect(passing.fellBack).toBe(expected.fell_back_to_best);
}

describeWith([`${folder}/coarse.json`], "the released script, scikit-learn and OpenCV", () => {
  const { maps } = sharedJson<{ maps: Case[] }>(`${folder}/coarse.json`);
  const mask = (method: string, name: string) => decodeMask(sharedPath(folder, method, `${name}.png`));

  const keptFolders = sharedNames(folder, /^kmeans-keep\d+$/);

  describe.each(maps)("$name", ({ name, kmeans, two_means, otsu, threshold }) => {
    let map: GrayImage;
    beforeAll(async () => {
      map = await decodeGray(sharedPath(folder, "maps", `${name}.png`));
    });

    test("exact 2-means: cut, centres, mask and what follows", async () => {
      const found = twoMeans(histogram(opencvNearest(map, { width: 256, height: 256 })));
      expect(found?.lowestForeground ?? null).toBe(two_means.lowest_foreground_level);
      expectClose(
        found?.centres ?? [],
        (two_means.centers ?? []).map((centre) => centre * 255),
        1e-9,
        "centres",
      );
      const own = existsSync(sharedPath(folder, "two-means", `${name}.png`));
      const ours = kmeansMask(map);
      expectClose(ours.data, (await mask(own ? "two-means" : "kmeans", name)).data, 0, "mask");
      expectAfter(ours, map, two_means.after);
    });

    test("k-means of scikit-learn: IoU at least 0.95, and what follows its mask", async () => {
      const theirs = await mask("kmeans", name);
      expect(iou(kmeansMask(map), theirs)).toBeGreaterThanOrEqual(0.95);
      expectAfter(theirs, map, kmeans.after);
    });

    test.for(keptFolders)("%s: some of the k-means mask, with ties", async (kept) => {
      const ours = keepComponents(await mask("kmeans", name), { keep: Number(kept.replace("kmeans-keep", "")), ties: "keep" });
      expectClose(ours.data, (await mask(kept, name)).data, 0, "mask");
    });

    test("Otsu: threshold, mask and what follows", async () => {
      expect(otsuThreshold(histogram(map))).toBe(otsu.threshold);
      const ours = otsuMask(map);
      expectClose(ours.data, (await mask("otsu", name)).data, 0, "mask");
      expectAfter(ours, map, otsu.after);
    });

    test("threshold 0.3: mask and what follows", async () => {
      const ours = thresholdMask(map, { threshold: 0.3 });
      expectClose(ours.data, (await mask("threshold", name)).data, 0, "mask");
      expectAfter(ours, map, threshold.after);
    });
  });
});
