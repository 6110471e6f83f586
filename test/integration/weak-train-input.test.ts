import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWeakPlan } from "../../src/pipeline/weak/plan/run.ts";
import { WeakPlanSettings } from "../../src/pipeline/weak/plan/settings.ts";
import { runWeakTrain } from "../../src/pipeline/weak/train/run.ts";
import { WeakTrainSettings } from "../../src/pipeline/weak/train/settings.ts";
import { eventsOf, tinyTraining, writeDisc, writeDiscs } from "../support/discs.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-weak-train-"));
const at = (...parts: string[]) => join(folder, ...parts);
const data = at("Dataset001_Discs");
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => writeDiscs(data));

const train = (out: string, settings: object = {}) =>
  eventsOf(runWeakTrain(WeakTrainSettings.parse({ data, out: at(out), seed: 1, ...tinyTraining, epochs: 1, epochSteps: 1, ...settings })));

/** A file for a setting. */
function file(name: string, content: string): string {
  writeFileSync(at(name), content);
  return at(name);
}

/** The data set with an ignore label, which all pixels of some cases have. */
async function ignoring(name: string, cases: readonly number[]): Promise<string> {
  cpSync(data, at(name), { recursive: true });
  const json = { channel_names: { 0: "gray" }, labels: { background: 0, disc: 1, ignore: 2 }, numTraining: 6, file_ending: ".png" };
  writeFileSync(at(name, "dataset.json"), JSON.stringify(json));
  for (const i of cases) await writeDisc(at(name, "labelsTr", `disc${i}.png`), i, 2, 2);
  return at(name);
}

test("weights of cases that are not there are refused, unless they are 0", async () => {
  const rows = [..."abcdefg"].map((name) => `disk${name},0.5`).join("\n");
  await expect(train("strange", { weights: file("strange.csv", `name,weight\ndisc0,1\n${rows}`) })).rejects.toThrow(
    "gives a weight to cases that are not in the data set: diska, diskb, diskc, diskd, diske and 2 more.",
  );
  expect(existsSync(at("strange"))).toBe(false);
  const dropped = file("dropped.csv", "name,weight\ndisc0,1\ndisc1,0.5\ndropped,0");
  expect((await train("dropped", { weights: dropped })).at(-1)).toMatchObject({ type: "end", done: 1 });
});

test("folds that are impossible are refused before any preprocessing", async () => {
  const four = file("four.csv", "name,weight\ndisc0,1\ndisc1,1\ndisc2,1\ndisc3,1");
  let count = 0;
  const split = (fold: object) => ({ fold: "0", splits: file(`splits${count++}.json`, JSON.stringify([fold])) });
  const good = { train: ["disc0"], val: ["disc1"] };
  for (const [settings, message] of [
    [{ fold: "3", weights: four }, "there must be at least 5 cases or groups for 5 folds, got 4"],
    [split({ train: ["disc0", "disk1"], val: [] }), "fold 0 names cases that are not there: disk1"],
    [{ ...split(good), fold: "1" }, "has 1 fold, numbered from 0; there is no fold 1"],
    [{ ...split({ train: ["disc4"], val: ["disc1"] }), weights: four }, "has no training case that can be used"],
    [{ ...split({ train: ["disc0"], val: ["disc5"] }), weights: four }, "has no validation case that can be used"],
  ] as const) {
    for (const dryRun of [false, true]) await expect(train("folds", { ...settings, dryRun })).rejects.toThrow(message);
  }
  expect(existsSync(at("folds"))).toBe(false);
  const some = split({ train: ["disc0", "disc4"], val: ["disc1", "disc5"] });
  expect((await train("folds", { ...some, weights: four, validationSteps: 1 })).at(-1)).toMatchObject({ type: "end", done: 1 });
});

test("cases that are ignored all over are left out with a warning, which is repeated", async () => {
  const settings = { data: await ignoring("Dataset002_Ignored", [2, 4]) };
  const warnings = async () => (await train("ignored", settings)).filter(({ type }) => type === "warning");
  const expected = [
    {
      type: "warning",
      message: '2 cases with the ignore label on all pixels, such as "disc2", "disc4": left out, as there is nothing to learn from',
    },
  ];
  expect(await warnings()).toEqual(expected);
  expect(await warnings()).toEqual(expected);
  expect(readdirSync(at("ignored", "preprocessed")).filter((name) => /disc[24]/.test(name))).toEqual([]);
});

test("a data set that is ignored all over is refused", async () => {
  const settings = { data: await ignoring("Dataset003_Nothing", [0, 1, 2, 3, 4, 5]) };
  await expect(train("nothing", settings)).rejects.toThrow("can be used. All pixels of the labels have the ignore label.");
  expect(existsSync(at("nothing", "model"))).toBe(false);
});

test("a finished training that is started again adds no event file", async () => {
  const one = file("one.csv", "name,weight\ndisc0,1");
  await train("finished", { weights: one });
  const files = readdirSync(at("finished", "tensorboard"));
  expect(files).toHaveLength(1);
  const again = await train("finished", { weights: one });
  expect(again.at(-1)).toMatchObject({ done: 0, skipped: 1 });
  expect(readdirSync(at("finished", "tensorboard"))).toEqual(files);
});

test("one case is not called several", async () => {
  const alone = at("Dataset004_Alone");
  cpSync(data, alone, { recursive: true, filter: (file) => !/disc[1-9]/.test(file) });
  const json = { channel_names: { 0: "gray" }, labels: { background: 0, disc: 1 }, numTraining: 1, file_ending: ".png" };
  writeFileSync(join(alone, "dataset.json"), JSON.stringify(json));
  const planned = await eventsOf(runWeakPlan(WeakPlanSettings.parse({ data: alone, out: at("plan") })));
  expect(planned).toContainEqual({ type: "stage", message: "reading 1 case" });
  expect(await train("alone", { data: alone, dryRun: true })).toContainEqual({ type: "stage", message: "planning for 1 case" });
});
