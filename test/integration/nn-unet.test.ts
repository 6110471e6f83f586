import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as browser from "../../src/browser.ts";
import { decodeImage, loadNnUnet, MedclipSamError, type NnUnet, predict, predictEnsemble, readGray, trainNnUnet } from "../../src/index.ts";
import { readProbabilities } from "../../src/nnunet/index.ts";
import { runWeakPredict } from "../../src/pipeline/weak/predict/run.ts";
import { WeakPredictSettings } from "../../src/pipeline/weak/predict/settings.ts";
import { runWeakUncertainty } from "../../src/pipeline/weak/uncertainty/run.ts";
import { WeakUncertaintySettings } from "../../src/pipeline/weak/uncertainty/settings.ts";
import { expectClose } from "../support/close.ts";
import { eventsOf, tinyTraining, writeDiscs } from "../support/discs.ts";
import { describeWith, sharedPath } from "../support/shared-data.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-nn-unet-"));
const at = (...parts: string[]) => join(folder, ...parts);
const data = at("Dataset001_Discs");
const image = join(data, "new", "disc6.png");
const fileOf = (name: string) => at("run", "model", name);
/** The model's files as a browser has them. */
const content = (...weights: string[]) => ({
  plans: readFileSync(fileOf("plans.json")),
  dataset: new Blob([readFileSync(fileOf("dataset.json"))]),
  weights: weights.map((name) => new Uint8Array(readFileSync(fileOf(`fold_all/${name}.safetensors`)))),
});
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  await writeDiscs(data);
  const events = await eventsOf(trainNnUnet({ data, out: at("run"), seed: 1, ...tinyTraining }));
  expect(events.at(-1)).toMatchObject({ type: "end", failed: 0 });
  expect(existsSync(at("run", "report.html"))).toBe(true);
});

/** Does some work with a model, and disposes of it. */
async function withModel<T>(opening: Promise<NnUnet>, work: (model: NnUnet) => Promise<T>): Promise<T> {
  const model = await opening;
  try {
    return await work(model);
  } finally {
    await model.dispose();
  }
}

test("a file, its pixels and its channels get the labels and probabilities of weak predict", async () => {
  const settings = { model: at("run"), images: join(data, "new"), out: at("masks"), probabilities: true, step: 0.4, mirror: false };
  await eventsOf(runWeakPredict(WeakPredictSettings.parse(settings)));
  const expected = {
    labels: (await readGray(at("masks", "disc6.png"))).data,
    ...(await readProbabilities(at("masks", "disc6.npz"), true)),
  };
  const gray = await readGray(image);
  const { image: rgb } = await decodeImage(image);
  const channels = { ...gray, channels: 1, data: Float32Array.from(gray.data), spacing: [1, 1] as const };
  await withModel(loadNnUnet(at("run")), async (model) => {
    for (const input of [image, [image], gray, rgb, channels]) {
      const { labels, probabilities, warnings } = await predict(model, input, { step: 0.4, mirror: false });
      expect(labels).toEqual({ width: 32, height: 32, data: expected.labels });
      expect(probabilities.data).toEqual(expected.data);
      expect(warnings).toEqual([]);
    }
    expect([model.members, model.labels]).toEqual([["all"], { background: 0, disc: 1 }]);
  });
  await withModel(browser.loadNnUnet(content("checkpoint_final")), async (model) => {
    expect((await browser.predict(model, gray, { step: 0.4, mirror: false })).labels.data).toEqual(expected.labels);
  });
});

test("the ensemble of the kept checkpoints is that of weak uncertainty, from a folder and from memory", async () => {
  const settings = { model: [at("run")], images: join(data, "new"), out: at("ensemble"), probabilities: true };
  await eventsOf(runWeakUncertainty(WeakUncertaintySettings.parse(settings)));
  const mean = await readProbabilities(at("ensemble", "disc6.npz"), true);
  const { data: labels } = await readGray(at("ensemble", "disc6.png"));
  const entropy = readFileSync(at("ensemble", "entropy", "disc6.npy"));
  const { scores } = JSON.parse(readFileSync(at("ensemble", "scores", "disc6.json"), "utf8"));
  const gray = await readGray(image);
  await withModel(loadNnUnet(at("run"), { members: "checkpoints" }), async (model) => {
    expect(model.members).toEqual(["epoch 1", "epoch 2"]);
    const found = await predictEnsemble(model, image);
    expect([found.labels.data, found.probabilities.data]).toEqual([labels, mean.data]);
    expect(found.entropy.maxBits).toBe(1);
    expect(Buffer.from(found.entropy.data.buffer)).toEqual(entropy.subarray(-4 * 32 * 32));
    expect(found.pairwiseDice).toBe(scores.pairwiseDice);
    expect(Math.max(...found.mutualInformation.data)).toBeLessThanOrEqual(1);
    const kept = readdirSync(fileOf("fold_all")).flatMap((name) => /^(checkpoint_\d+)\./.exec(name)?.[1] ?? []);
    const again = await withModel(browser.loadNnUnet(content(...kept)), (same) => predictEnsemble(same, gray));
    expect(again).toEqual(found);
  });
});

test("concurrent calls give what calls in turn give, and a disposed model refuses further ones", async () => {
  const gray = await readGray(image);
  const model = await loadNnUnet(at("run"), { members: "checkpoints" });
  const other = { ...gray, data: gray.data.map((level) => 255 - level) };
  const inTurn = [await predict(model, gray), await predictEnsemble(model, other)];
  const running = Promise.all([
    predict(model, gray),
    predictEnsemble(model, other),
    predict(model, gray, { signal: new AbortController().signal }),
  ]);
  const disposed = running.then(() => undefined);
  const atOnce = await running;
  await Promise.all([disposed, model.dispose()]);
  expect(atOnce.slice(0, 2)).toEqual(inTurn);
  expect(atOnce[2]).toEqual(inTurn[0]);
  await expect(predict(model, gray)).rejects.toThrow("predict: the model was disposed of. Load it again, or dispose of it later.");
});

test("a threshold decides the labels, and a signal ends the call", async () => {
  const gray = await readGray(image);
  await withModel(loadNnUnet(at("run")), async (model) => {
    const { labels, probabilities } = await predict(model, gray, { threshold: 0.9 });
    expect([...labels.data]).toEqual([...probabilities.data.subarray(32 * 32)].map((p) => Number(p > 0.9)));
    await expect(predict(model, gray, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
  });
});

test("wrong images and options are refused", async () => {
  const wrong = [
    undefined,
    null,
    7,
    {},
    "",
    [""],
    [7],
    new Uint8Array(9),
    { width: 32, height: 32 },
    { width: 0, height: 1, data: new Uint8Array(0) },
  ];
  const channels = [{ channels: 0 }, { channels: 1.5 }, { data: new Uint8Array(1024) }, { data: new Float32Array(9) }, { spacing: 1 }];
  const image = { width: 32, height: 32, channels: 1, data: new Float32Array(1024) };
  const options = [null, 7, { unknown: 1 }, { step: 2 }, { step: Number.NaN }, { mirror: 1 }, { threshold: 1 }, { signal: {} }];
  await withModel(loadNnUnet(at("run")), async (model) => {
    for (const call of [predict, predictEnsemble, browser.predict, browser.predictEnsemble] as (typeof predict)[]) {
      for (const input of [...wrong, ...channels.map((part) => ({ ...image, ...part }))])
        await expect(call(model, input as never), String(input)).rejects.toBeInstanceOf(MedclipSamError);
      for (const given of options) await expect(call(model, image, given as never)).rejects.toMatchObject({ code: "config" });
    }
  });
});

test("what does not fit is named", async () => {
  const gray = await readGray(image);
  const rgb = { ...gray, data: Uint8Array.from({ length: 3 * 32 * 32 }, (_, i) => i % 256) };
  await withModel(loadNnUnet(at("run")), async (model) => {
    const refused = async (input: unknown, message: string) => await expect(predict(model, input as never)).rejects.toThrow(message);
    await refused(rgb, 'predict: the model reads one channel ("gray"), got a colour image. Pass a gray image, or { width');
    await refused({ ...gray, channels: 2, data: new Float32Array(2048) }, "got 2 of them");
    await refused(
      { ...gray, channels: 1, data: new Float32Array(1024).fill(Number.NaN) },
      "image.data must hold finite values, got NaN at 0.",
    );
    await refused({ ...gray, channels: 1, data: new Float32Array(1024), spacing: [0, 1] }, "image.spacing must be two numbers above 0");
    await refused([], "the list of image files is empty");
    await expect(predict(model, gray, { step: 0 })).rejects.toThrow('predict: option "step": expected more than 0, got 0.');
  });
  await expect(loadNnUnet({ ...content("checkpoint_final"), weights: [] })).rejects.toThrow("model.weights is an empty list");
  await expect(loadNnUnet(content("checkpoint_final"), { folds: ["0"] })).rejects.toThrow('option "folds" is for model folders');
  await expect(loadNnUnet(at("run"), { folds: ["0"] })).rejects.toThrow('has no fold "0". It has "all".');
  await expect(loadNnUnet({ ...content("checkpoint_final"), plans: content().dataset })).rejects.toThrow(
    '"plans.json" has no key "dataset_name". Is it a file of nnU-Net v2?',
  );
});

const theirs = "parity/nnunet/checkpoint/Dataset503_BrainMRI/nnUNetTrainer__nnUNetPlans__2d";
describeWith([theirs], "a model folder that nnU-Net v2 wrote", () => {
  test("gives the same from its folder and from its files in memory", async () => {
    const read = (name: string) => readFileSync(sharedPath(theirs, name));
    const weights = [0, 1].map((fold) => read(`fold_${fold}/checkpoint_final.pth`));
    const fromFolder = await loadNnUnet(sharedPath(theirs), { folds: ["0", "1"] });
    const channels = fromFolder.trained.network.inputChannels;
    const data = Float32Array.from({ length: channels * 80 * 72 }, (_, i) => (i * 37) % 211);
    const input = { width: 72, height: 80, channels, data };
    const found = await withModel(Promise.resolve(fromFolder), (model) => predict(model, input));
    const inMemory = loadNnUnet({ plans: read("plans.json"), dataset: read("dataset.json"), weights });
    const same = await withModel(inMemory, (model) => predict(model, input));
    expectClose(same.probabilities.data, found.probabilities.data, 1e-6, "probabilities"); // mapped and in-memory weights may be laid out differently
    expect(same.labels.data.length).toBe(72 * 80);
  });
});
