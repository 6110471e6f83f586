import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Box, type Image, type Mask, maskOfRuns } from "../../src/image/index.ts";
import { samPresets } from "../../src/models/sam/index.ts";
import { everything, type Region } from "../../src/segment/everything/everything.ts";
import type { EverythingOptions } from "../../src/segment/everything/options.ts";
import { SamPredictor } from "../../src/segment/index.ts";
import { sha256 } from "./pictures.ts";
import { iou, temporaryFolder, writeSam } from "./sam-cases.ts";

interface GoldenRegion {
  readonly areaPx: number;
  /** x, y, width, height, where the width is one less than ours. */
  readonly bbox: readonly [number, number, number, number];
  readonly predictedIou: number;
  readonly stability: number;
  readonly point: readonly [number, number];
  readonly crop: readonly [number, number, number, number];
  /** Runs down the columns, beginning with background. */
  readonly counts: readonly number[];
}
interface Golden {
  readonly imageSha256: string;
  readonly cases: readonly { readonly name: string; readonly options: EverythingOptions; readonly regions: readonly GoldenRegion[] }[];
}
const golden = JSON.parse(readFileSync(resolve(import.meta.dirname, "../golden/segment/everything.json"), "utf8")) as Golden;

const [width, height] = [150, 110];
/** A disc and a rectangle on a slope. */
export const picture: Image = {
  width,
  height,
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / (3 * width))];
    if (Math.abs(x - 110) < 22 && Math.abs(y - 70) < 18) return 120 + 15 * c;
    if ((x - 50) ** 2 + (y - 45) ** 2 < 25 ** 2) return 200 - 10 * c;
    return Math.floor((x + 2 * y + 20 * c) / 4);
  }),
};

function maskOfCounts(counts: readonly number[]): Mask {
  const columns = new Uint8Array(width * height);
  let at = 0;
  for (const [i, count] of counts.entries()) {
    columns.fill(i % 2, at, at + count);
    at += count;
  }
  return { width, height, data: columns.map((_, i) => columns[(i % width) * height + Math.floor(i / width)]!) };
}

/**
 * Compares regions with those of the official generator.
 *
 * @param names - of the cases; by default all
 */
export function everythingCases(names = golden.cases.map(({ name }) => name)): void {
  describe("the regions of SamAutomaticMaskGenerator", () => {
    let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
    let predictor: SamPredictor;
    beforeAll(async () => {
      temporary = await temporaryFolder();
      /** All four taps of each 2 x 2 kernel become the first one, so that masks are blobs. */
      const flatten = (values: Float32Array): void => {
        for (let i = 0; i < values.length; i += 4) values.fill(values[i]!, i, i + 4);
      };
      const change = { "mask_decoder.output_upscaling.0.weight": flatten, "mask_decoder.output_upscaling.3.weight": flatten };
      predictor = await SamPredictor.open(await writeSam(join(temporary.folder, "blobs.safetensors"), samPresets["sam-tiny"]!, { change }));
    });
    afterAll(async () => {
      await predictor.dispose();
      await temporary.remove();
    });

    test("are of the same picture", () => expect(sha256(picture.data)).toBe(golden.imageSha256));

    test.each(golden.cases.filter(({ name }) => names.includes(name)))("$name", async ({ options, regions: expected }) => {
      const found = await everything(predictor, picture, options);
      expect(found.map(({ point }) => [point.x, point.y])).toEqual(
        expected.map(({ point }) => [expect.closeTo(point[0], 9), expect.closeTo(point[1], 9)]),
      );
      for (const [i, region] of found.entries()) compare(region, expected[i]!);
    });
  });
}

function compare(found: Region, expected: GoldenRegion): void {
  expect(found.predictedIou).toBeCloseTo(expected.predictedIou, 5);
  // A pixel on the threshold may fall to either side.
  expect(Math.abs(found.stability - expected.stability)).toBeLessThan(0.005);
  const mask = maskOfRuns(found.runs);
  expect(iou(mask, maskOfCounts(expected.counts))).toBeGreaterThanOrEqual(0.9995);
  expect(Math.abs(found.areaPx - expected.areaPx)).toBeLessThanOrEqual(1);
  const [x, y, w, h] = expected.bbox;
  expect(found.box).toEqual({ x0: x, y0: y, x1: x + w + 1, y1: y + h + 1 });
  const [left, top, wide, tall] = expected.crop;
  expect(found.crop).toEqual({ x0: left, y0: top, x1: left + wide, y1: top + tall } satisfies Box);
}
