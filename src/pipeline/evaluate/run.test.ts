import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { drawn } from "../../../test/support/pictures.ts";
import { collect } from "../../../test/support/tiny-run.ts";
import { InputError } from "../../errors.ts";
import { writeGray, writeMask } from "../../formats/gray.ts";
import type { GrayImage } from "../../image/index.ts";
import { evaluate } from "../../metrics/evaluate.ts";
import { bootstrapMean } from "../../metrics/index.ts";
import type { RunEvent } from "../../run/events.ts";
import { runEvaluate } from "./run.ts";
import { EvaluateSettings } from "./settings.ts";

/** A mask file of 0 and the given level. */
const gray = (level: number, ...rows: string[]): GrayImage => {
  const { width, height, data } = drawn(...rows);
  return { width, height, data: data.map((value) => value * level) };
};

describe("pairs in memory", () => {
  const truth = gray(255, "##..", "##..", "....");
  const shifted = gray(255, ".##.", ".##.", "....");

  test("by hand: 4 and 4 pixels that share 2", () => {
    const { images, summary } = evaluate([{ name: "a", truth, prediction: shifted }]);
    expect(images[0]).toMatchObject({ dsc: 0.5, iou: 1 / 3, truthPx: 4, predPx: 4, missing: false, warnings: [] });
    expect(summary.dsc).toEqual({ mean: 0.5, std: null, n: 1, median: 0.5, ci95: [0.5, 0.5] });
  });

  test("a missing prediction counts as 0, even where the truth is empty, and has no distances", () => {
    const empty = gray(255, "....", "....", "....");
    const { images, summary } = evaluate([
      { name: "a", truth },
      { name: "b", truth: empty, reason: "is damaged" },
    ]);
    expect(images[0]).toMatchObject({ dsc: 0, iou: 0, nsd: 0, surfaceNsd: 0, hd95: null, assd: null, truthPx: 4, missing: true });
    expect(images[1]).toMatchObject({ dsc: 0, missing: true, reason: "is damaged" });
    expect(summary.hd95).toEqual({ mean: null, std: null, n: 0, median: null, ci95: null });
  });

  test("two empty masks agree; distances that do not exist are null and left out of the summary", () => {
    const empty = gray(255, "....", "....", "....");
    const { images, summary } = evaluate([
      { name: "both", truth: empty, prediction: empty },
      { name: "one", truth, prediction: empty },
      { name: "shifted", truth, prediction: shifted },
    ]);
    expect(images[0]).toMatchObject({ dsc: 1, iou: 1, nsd: 1, surfaceNsd: 1, hd95: null, assd: null });
    expect(images[1]).toMatchObject({ dsc: 0, hd95: null, assd: null });
    expect(summary.dsc.n).toBe(3);
    expect(summary.hd95).toMatchObject({ mean: 1, n: 1 });
  });

  test("a prediction of another size is resized by nearest neighbour, with a warning", () => {
    const { images } = evaluate([
      { name: "a", truth: gray(255, "####....", "####....", "........", "........"), prediction: gray(255, "##..", "....") },
    ]);
    expect(images[0]!.dsc).toBe(1);
    expect(images[0]!.warnings[0]).toContain("4 x 2 pixels and was resized to the 8 x 4");
  });

  test("foreground is above 127; in reference mode above 200, and pairs on which the released tool stops are named", () => {
    const pair = { name: "a", truth, prediction: gray(128, "##..", "##..", "....") };
    expect(evaluate([pair]).images[0]!.dsc).toBe(1);
    expect(evaluate([pair]).images[0]).not.toHaveProperty("aborts");
    expect(evaluate([pair], { mode: "reference" }).images[0]).toMatchObject({ dsc: 0, aborts: false });
    const full = gray(255, "##", "##");
    expect(evaluate([{ name: "full", truth: full, prediction: full }], { mode: "reference" }).images[0]).toMatchObject({
      dsc: 1,
      aborts: true,
    });
  });

  test("the interval is the recipe's bootstrap under the metric's name", () => {
    const pairs = [shifted, truth, gray(255, "....", "....", "...#")].map((prediction, i) => ({ name: String(i), truth, prediction }));
    const { images, summary } = evaluate(pairs, { seed: 7 });
    const values = images.map(({ dsc }) => dsc);
    expect(summary.dsc.ci95).toEqual(bootstrapMean(values, { name: "dsc", seed: 7 }));
  });
});

describe("folders", () => {
  let folder = "";
  const at = (...parts: string[]) => join(folder, ...parts);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "evaluate-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    await rm(at("truth"), { recursive: true, force: true });
    await rm(at("pred"), { recursive: true, force: true });
    for (const name of ["a", "b", "sub/c"]) {
      await writeMask(at("truth", `${name}.png`), drawn("##..", "##.."));
      await writeMask(at("pred", "masks", `${name}.png`), drawn("##..", "##.."));
    }
  });
  const run = (settings: object = {}) =>
    collect(runEvaluate(EvaluateSettings.parse({ pred: at("pred"), truth: at("truth"), ...settings })));
  const json = async () => JSON.parse(await readFile(at("scores.json"), "utf8"));
  const messages = (events: RunEvent[], type: RunEvent["type"]) =>
    events.filter((event) => event.type === type).map((event) => JSON.stringify(event));

  test("names are matched in sub-folders, in the folder that segment wrote and in its masks", async () => {
    for (const pred of [at("pred"), at("pred", "masks")]) {
      const events = await run({ pred, json: at("scores.json") });
      expect(events.at(-1)).toMatchObject({ type: "end", done: 3, failed: 0 });
      const { images, summary, settings } = await json();
      expect(images.map(({ name, dsc }: { name: string; dsc: number }) => [name, dsc])).toEqual([
        ["a", 1],
        ["b", 1],
        ["sub/c", 1],
      ]);
      expect(summary.dsc).toMatchObject({ mean: 1, std: 0, n: 3 });
      expect(settings).toMatchObject({ tolerance: 2, mode: "paper" });
    }
  });

  test("where the truth has a folder of masks, too, names keep it", async () => {
    await writeMask(at("truth", "masks", "a.png"), drawn("##..", "##.."));
    await run({ json: at("scores.json") });
    expect((await json()).images.find(({ name }: { name: string }) => name === "masks/a").dsc).toBe(1);
  });

  test("missing and surplus predictions are named", async () => {
    await rm(at("pred", "masks", "b.png"));
    await writeMask(at("pred", "masks", "z.png"), drawn("#"));
    const events = await run({ json: at("scores.json") });
    expect(messages(events, "warning").join()).toMatch(/1 prediction in .* without truth: z/);
    expect(messages(events, "item")[1]).toContain("it counts as 0");
    expect((await json()).images[1]).toMatchObject({ name: "b", missing: true, dsc: 0 });
    expect(events.at(-1)).toMatchObject({ failed: 0 });
    expect((events.at(-1) as Extract<RunEvent, { type: "end" }>).lines?.at(-1)).toBe("1 image without a prediction, counted as 0: b");
  });

  test("what cannot be read is a failure and the rest goes on; a damaged prediction counts as missing", async () => {
    await writeFile(at("truth", "a.png"), "no picture");
    await writeFile(at("pred", "masks", "b.png"), "no picture");
    const events = await run({ json: at("scores.json") });
    expect(messages(events, "failure")).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ done: 1, failed: 2 });
    const { images } = await json();
    expect(images.map(({ name }: { name: string }) => name)).toEqual(["b", "sub/c"]);
    expect(images[0]).toMatchObject({ missing: true, dsc: 0 });
    expect(images[0].reason).toContain("is not a PNG");
  });

  test("a table has one row an image; names with commas and quotes are quoted", async () => {
    await writeMask(at("truth", 'x, "y".png'), drawn("##..", "##.."));
    await run({ csv: at("scores.csv") });
    const rows = (await readFile(at("scores.csv"), "utf8")).split("\n");
    expect(rows[0]).toBe("name,dsc,iou,nsd,surfaceNsd,hd95,assd,truthPx,predPx,missing");
    expect(rows[1]).toBe("a,1,1,1,1,0,0,4,4,false");
    expect(rows[4]).toBe('"x, ""y""",0,0,0,0,,,4,0,true');
    expect(rows).toHaveLength(6);
    await run({ csv: at("scores.csv"), mode: "reference" });
    expect((await readFile(at("scores.csv"), "utf8")).split("\n")[1]).toBe("a,1,1,1,1,0,0,4,4,false,false");
  });

  test("spacing makes distances millimetres", async () => {
    await writeGray(at("pred", "masks", "a.png"), gray(255, ".##.", ".##."));
    await run({ json: at("scores.json"), spacing: [0.5, 3], tolerance: 1 });
    expect((await json()).images[0].hd95).toBe(3);
  });

  test("an empty folder of truth is an error, an empty folder of predictions is not", async () => {
    await mkdir(at("empty"), { recursive: true });
    await expect(run({ truth: at("empty") })).rejects.toThrow(InputError);
    expect((await run({ pred: at("empty") })).at(-1)).toMatchObject({ done: 3, failed: 0 });
  });
});
