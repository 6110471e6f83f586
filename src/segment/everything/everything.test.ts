import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everythingCases, picture } from "../../../test/support/everything-cases.ts";
import { nanoSam } from "../../../test/support/models.ts";
import { CancelledError, ConfigError } from "../../errors.ts";
import { locateSam } from "../../hub/locate.ts";
import { maskOfRuns } from "../../image/index.ts";
import { SamPredictor } from "../index.ts";
import { everything } from "./everything.ts";

// Other thresholds are compared in the slow tests.
everythingCases(["crops", "small regions"]);

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

  test("what is no predictor, too fine a grid, and the embedding of another image are refused", async () => {
    await expect(everything(null as never, picture)).rejects.toThrow("predictor must be a SamPredictor, such as model.mask.sam");
    await expect(everything(predictor, picture, { pointsPerSide: 257 })).rejects.toThrow(ConfigError);
    const embedding = await predictor.setImage({ width: 8, height: 8, data: new Uint8Array(192) });
    await expect(everything(predictor, picture, all, { embedding })).rejects.toThrow("the embedding is of an image of 8 x 8");
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
