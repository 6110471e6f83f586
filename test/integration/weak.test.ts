import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWeakExport } from "../../src/pipeline/weak/export/run.ts";
import { WeakExportSettings } from "../../src/pipeline/weak/export/settings.ts";
import { runWeakPlan } from "../../src/pipeline/weak/plan/run.ts";
import { WeakPlanSettings } from "../../src/pipeline/weak/plan/settings.ts";
import { runWeakPredict } from "../../src/pipeline/weak/predict/run.ts";
import { WeakPredictSettings } from "../../src/pipeline/weak/predict/settings.ts";
import { runWeakTrain } from "../../src/pipeline/weak/train/run.ts";
import { WeakTrainSettings } from "../../src/pipeline/weak/train/settings.ts";
import { runWeakUncertainty } from "../../src/pipeline/weak/uncertainty/run.ts";
import { WeakUncertaintySettings } from "../../src/pipeline/weak/uncertainty/settings.ts";
import { readGray } from "../../src/scans/read-gray.ts";
import { eventsOf, tinyTraining, writeDiscs } from "../support/discs.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-weak-"));
const at = (...parts: string[]) => join(folder, ...parts);
const data = at("Dataset001_Discs");
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => writeDiscs(data));

const training = (out: string) => WeakTrainSettings.parse({ data, out: at(out), seed: 1, ...tinyTraining });

test("a data set is planned, trained on, predicted and judged, and all of it repeats", async () => {
  await eventsOf(runWeakPlan(WeakPlanSettings.parse({ data, out: at("plan") })));
  const plans = JSON.parse(readFileSync(at("plan", "nnUNetPlans.json"), "utf8"));
  expect(plans.configurations["2d"]).toMatchObject({ patch_size: [32, 32], normalization_schemes: ["ZScoreNormalization"] });

  await eventsOf(runWeakTrain(training("run")));
  const events = await eventsOf(runWeakTrain({ ...training("again"), plans: at("plan", "nnUNetPlans.json") }));
  expect(events.filter(({ type }) => type === "warning")).toEqual([]);
  const weights = (out: string) => readFileSync(at(out, "model", "fold_all", "checkpoint_final.safetensors"));
  expect(weights("again").equals(weights("run"))).toBe(true);

  const images = join(data, "new");
  const model = at("run", "model");
  await eventsOf(runWeakPredict(WeakPredictSettings.parse({ model, images, out: at("masks"), probabilities: true, threads: 1 })));
  const { data: found } = await readGray(at("masks", "disc6.png"));
  expect([...new Set(found)].every((label) => label === 0 || label === 1)).toBe(true);
  const otherStep = WeakPredictSettings.parse({ model, images, out: at("masks"), probabilities: true, step: 1, threads: 1 });
  await expect(eventsOf(runWeakPredict(otherStep))).rejects.toThrow(/step was 0.5, now it is 1/);

  await eventsOf(runWeakExport(WeakExportSettings.parse({ model: at("run"), out: at("file") })));
  await eventsOf(runWeakPredict(WeakPredictSettings.parse({ model, images, out: at("unmirrored"), mirror: false, threads: 1 })));
  const { labels, isSure } = await labelsOfFile(at("file", "model.onnx"), await readGray(join(images, "disc6.png")));
  const predicted = (await readGray(at("unmirrored", "disc6.png"))).data;
  expect(isSure.filter(Boolean).length).toBeGreaterThan(900); // of 1024
  expect([...predicted].filter((_, i) => isSure[i])).toEqual(labels.filter((_, i) => isSure[i]));
  expect(JSON.parse(readFileSync(at("file", "model-card.json"), "utf8"))).toMatchObject({ activation: "softmax", patchSize: [32, 32] });
  const again = eventsOf(runWeakExport(WeakExportSettings.parse({ model, out: at("file") })));
  await expect(again).rejects.toThrow('model.onnx" already exists. Choose another --out, or pass --overwrite');

  const settings = { model: [at("run")], images, labels: join(data, "truth"), out: at("judged"), threads: 1 };
  const judged = await eventsOf(runWeakUncertainty(WeakUncertaintySettings.parse(settings)));
  expect(judged.at(-1)).toMatchObject({ type: "end", done: 2, failed: 0 });
  const [head, ...rows] = readFileSync(at("judged", "scores.csv"), "utf8").trim().split("\n");
  expect(head).toMatch(/^rank,name,areaPx,pairwiseDice/);
  expect(rows).toHaveLength(2);
  const resumed = await eventsOf(runWeakUncertainty(WeakUncertaintySettings.parse(settings)));
  expect(resumed.at(-1)).toMatchObject({ done: 0, skipped: 2 });
  expect(readFileSync(at("judged", "scores.csv"), "utf8").trim().split("\n").slice(1)).toEqual(rows);
});

/** Runs a file of `weak export` in plain ONNX Runtime on one patch, normalised as its card says; sure is a label whose logits are not almost equal. */
async function labelsOfFile(file: string, { data, width, height }: { data: Uint8Array; width: number; height: number }) {
  const mean = data.reduce((sum, level) => sum + level, 0) / data.length;
  const std = Math.sqrt(data.reduce((sum, level) => sum + (level - mean) ** 2, 0) / data.length);
  const session = await InferenceSession.create(readFileSync(file));
  const image = new OrtTensor(
    "float32",
    Float32Array.from(data, (level) => (level - mean) / std),
    [1, 1, height, width],
  );
  const logits = (await session.run({ image })).logits!.data as Float32Array;
  await session.release();
  const gaps = [...data.keys()].map((i) => logits[data.length + i]! - logits[i]!);
  return { labels: gaps.map((gap) => (gap > 0 ? 1 : 0)), isSure: gaps.map((gap) => Math.abs(gap) > 1e-3) };
}

test("a case that cannot be read is named, and the others are trained on", async () => {
  const broken = at("Dataset002_Broken");
  for (const name of ["imagesTr", "labelsTr"]) mkdirSync(join(broken, name), { recursive: true });
  for (let i = 0; i < 6; i++) {
    for (const [folder, ending] of [
      ["imagesTr", "_0000"],
      ["labelsTr", ""],
    ] as const)
      writeFileSync(join(broken, folder, `disc${i}${ending}.png`), readFileSync(join(data, folder, `disc${i}${ending}.png`)));
  }
  writeFileSync(join(broken, "dataset.json"), readFileSync(join(data, "dataset.json")));
  const settings = { ...training("broken"), data: broken, epochs: 1, epochSteps: 1 };
  writeFileSync(join(broken, "imagesTr", "disc3_0000.png"), "not a picture");
  const planned = await eventsOf(runWeakPlan(WeakPlanSettings.parse({ data: broken, out: at("plan of the others") })));
  expect(planned.filter(({ type }) => type === "failure")).toMatchObject([{ name: "disc3" }]);
  expect(planned.at(-1)).toMatchObject({ type: "end", done: 5, failed: 1 });
  const events = await eventsOf(runWeakTrain(settings));
  expect(events.filter(({ type }) => type === "failure")).toMatchObject([
    { name: "disc3", message: expect.stringContaining("disc3_0000.png") },
  ]);
  expect(events.at(-1)).toMatchObject({ type: "end", done: 1, failed: 1 });
});

test("a training without kept checkpoints has no members", async () => {
  const settings = { model: [at("nowhere")], images: join(data, "new"), out: at("none"), threads: 1 };
  await expect(eventsOf(runWeakUncertainty(WeakUncertaintySettings.parse(settings)))).rejects.toThrow("no plans.json");
});
