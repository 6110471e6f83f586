import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runWeakPredict } from "../../src/pipeline/weak/predict/run.ts";
import { WeakPredictSettings } from "../../src/pipeline/weak/predict/settings.ts";
import { runWeakTrain } from "../../src/pipeline/weak/train/run.ts";
import { WeakTrainSettings } from "../../src/pipeline/weak/train/settings.ts";
import { runWeakUncertainty } from "../../src/pipeline/weak/uncertainty/run.ts";
import { WeakUncertaintySettings } from "../../src/pipeline/weak/uncertainty/settings.ts";
import { readContent } from "../../src/scans/read-content.ts";
import { readNifti } from "../../src/scans/sources/nifti/read-nifti.ts";
import { eventsOf, tinyTraining, writeDiscs } from "../support/discs.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-weak-nifti-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

test("label maps of NIfTI slices lie where the images do", async () => {
  const data = at("Dataset003_Slices");
  await writeDiscs(data, ".nii.gz");
  const short = { ...tinyTraining, epochs: 1, epochSteps: 2 };
  await eventsOf(runWeakTrain(WeakTrainSettings.parse({ data, out: at("run"), ...short })));
  const images = join(data, "new");
  await eventsOf(runWeakPredict(WeakPredictSettings.parse({ model: at("run", "model"), images, out: at("masks"), threads: 1 })));
  const settings = { model: [at("run")], members: "mirrors", images, labels: join(data, "truth"), out: at("ensemble"), threads: 1 };
  const events = await eventsOf(runWeakUncertainty(WeakUncertaintySettings.parse(settings)));
  expect(events.at(-1)).toMatchObject({ type: "end", done: 2, failed: 0 });
  expect(JSON.stringify(events.at(-1))).toContain("on 2 images with true labels");
  const source = await readNifti(await readContent(join(images, "disc6.nii.gz")));
  for (const out of ["masks", "ensemble"]) {
    expect(readdirSync(at(out))).toEqual(expect.arrayContaining(["disc6.nii.gz", "disc7.nii.gz"]));
    const { shape, axes, position } = await readNifti(await readContent(at(out, "disc6.nii.gz")));
    expect({ shape, axes, position }).toEqual({ shape: [32, 32, 1], axes: 3, position: source.position });
  }
});
