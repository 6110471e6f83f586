import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nanoSam } from "../../../test/support/models.ts";
import { sha256 } from "../../../test/support/pictures.ts";
import { iou, temporaryFolder, writeSam } from "../../../test/support/sam-cases.ts";
import { CancelledError, ConfigError } from "../../errors.ts";
import { locateSam } from "../../hub/locate.ts";
import { type Box, type Image, type Mask, maskOfRuns } from "../../image/index.ts";
import { samPresets } from "../../models/sam/index.ts";
import { SamPredictor } from "../index.ts";
import { everything, type Region } from "./everything.ts";
import type { EverythingOptions } from "./options.ts";

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
const golden = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../../test/golden/segment/everything.json"), "utf8")) as Golden;

/** A disc and a rectangle on a slope. */
const [width, height] = [150, 110];
const picture: Image = {
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

  test.each(golden.cases)("$name", async ({ options, regions: expected }) => {
    const found = await everything(predictor, picture, options);
    expect(found.map(({ point }) => [point.x, point.y])).toEqual(
      expected.map(({ point }) => [expect.closeTo(point[0], 9), expect.closeTo(point[1], 9)]),
    );
    for (const [i, region] of found.entries()) compare(region, expected[i]!);
  });
});

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

describe("a nano model", () => {
  let predictor: SamPredictor;
  beforeAll(async () => {
    predictor = await SamPredictor.open((await locateSam(await nanoSam())).weights);
  });
  afterAll(() => predictor.dispose());
  const all = { pointsPerSide: 3, predIou: 0, stability: 0, boxNms: 1 };

  test("points are answered alike one by one and in a call", async () => {
    await predictor.setImage(picture);
    const points = [10, 60, 140].map((x) => ({ x, y: 50, label: 1 }) as const);
    const together = await predictor.predictEach(points);
    for (const [i, point] of points.entries()) {
      const [alone] = await predictor.predict({ points: [point] });
      expect(together[i]!.scores).toEqual(alone!.scores);
      expect(together[i]!.logits).toEqual(alone!.logits);
    }
  });

  test("an embedding that is known is used, and the answer is the same", async () => {
    const embedding = await predictor.setImage(picture);
    const anew = await everything(predictor, picture, all);
    expect(await everything(predictor, picture, all, { embedding })).toEqual(anew);
    expect(anew.length).toBeGreaterThan(0);
  });

  test("higher thresholds keep a part of the regions", async () => {
    const regions = await everything(predictor, picture, all);
    const sure = regions.map(({ predictedIou }) => predictedIou).sort((a, b) => a - b)[Math.floor(regions.length / 2)]!;
    const fewer = await everything(predictor, picture, { ...all, predIou: Math.min(1, Math.max(0.001, sure)) });
    expect(fewer.length).toBeLessThan(regions.length);
    for (const { predictedIou } of fewer) expect(predictedIou).toBeGreaterThan(sure);
  });

  test("of the single-mask output there is at most one region a point", async () => {
    const single = await everything(predictor, picture, { ...all, pointMasks: "single" });
    expect(single.length).toBeGreaterThan(0);
    expect(single.length).toBeLessThanOrEqual(9);
    await predictor.setImage(picture);
    const { x, y } = single[0]!.point;
    const [alone] = await predictor.predict({ points: [{ x, y, label: 1 }] });
    expect(single[0]!.predictedIou).toBe(alone!.scores[0]);
    expect(maskOfRuns(single[0]!.runs)).toEqual(alone!.mask(0));
  });

  test("options are checked, and a signal ends the work", async () => {
    await expect(everything(predictor, picture, { predIou: 2 })).rejects.toThrow(ConfigError);
    await expect(everything(predictor, picture, all, { signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
  });
});
