import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodePairs, loadPairs, PairWorkers, plainBatches } from "../../src/data/index.ts";
import { locateClip } from "../../src/hub/locate.ts";
import { runEmbed } from "../../src/pipeline/embed/run.ts";
import { EmbedSettings } from "../../src/pipeline/embed/settings.ts";
import { runFinetune } from "../../src/pipeline/finetune/run.ts";
import { FinetuneSettings } from "../../src/pipeline/finetune/settings.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { toFloat32 } from "../../src/tensor/stored-tensor.ts";
import { ContrastiveSettings, ContrastiveTrainer, readMetrics } from "../../src/train/index.ts";
import { builtCommand } from "../support/build.ts";
import { expectClose } from "../support/close.ts";
import { runCommand, runWhenFree, signalAtStep, startCommand } from "../support/command.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { nanoClip, twoModels } from "../support/models.ts";
import { readEvents } from "../support/tensorboard.ts";
import { collect, warningsOf, writeDisc, writeWords } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-finetune-"));
const at = (...parts: string[]) => join(folder, ...parts);
let clip: string;

/** Two images a patient; all images are 96 x 72. */
const pairCount = 16;

beforeAll(async () => {
  clip = await nanoClip(writeWords());
  await builtCommand();
  const rows: string[] = [];
  for (let i = 0; i < pairCount; i++) {
    await writeDisc(at(`${i}.png`), i);
    rows.push(`${i}.png,${"dark bright ".repeat(1 + (i % 3))}lesion of kind ${"abcdefghijklmnop"[i]},patient ${i >> 1}`);
  }
  writeFileSync(at("broken.png"), "no picture");
  writeFileSync(at("pairs.csv"), `filename,Caption,patient\n${rows.join("\n")}\n`);
  writeFileSync(at("some.csv"), `filename,Caption,patient\n${rows.join("\n")}\nbroken.png,a dark lesion that is broken,x\n0.png,short,y\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const flags = { batch: 4, chunk: 2, epochs: 2, validation: 0.25, lr: 2e-3 };
const settings = (changes: Partial<FinetuneSettings>) =>
  FinetuneSettings.parse({ pairs: [at("pairs.csv")], clip, groupColumn: "patient", workers: 0, ...flags, ...changes });
const argsOn = (table: string, out: string, ...more: string[]) => [
  ...["finetune", "--pairs", at(table), "--clip", clip, "--group-column", "patient", "--out", at(out)],
  ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ...more,
];
const args = (out: string, ...more: string[]) => argsOn("pairs.csv", out, ...more);
const bytes = (...parts: string[]) => readFileSync(at(...parts));
/** Metrics without times. */
const metrics = (out: string) =>
  bytes(out, "metrics.jsonl")
    .toString()
    .replaceAll(/,"rate":{[^}]*}/g, "");
const results = ["checkpoints/last.safetensors", "checkpoints/best.safetensors", "model/open_clip_model.safetensors"];

test("a complete training writes metrics, checkpoints, events, a report and a model that embed opens", { timeout: 60_000 }, async () => {
  const { status, stdout, stderr } = await runCommand(args("whole"));
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/before training: validation loss .*\n(.*\n)*epoch 2 of 2: validation loss/);
  expect(stderr).toContain("6 done in");
  expect(stdout).toMatch(/^best epoch [12], validation loss [\d.-]+; the model is in .*model\n$/);

  const { steps, epochs } = await readMetrics(at("whole"));
  expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 2],
  ]);
  for (const { loss, lr, gradNorm, metrics, rate } of steps) {
    expect([loss, lr, gradNorm, metrics.logit_scale, rate.value].every(Number.isFinite)).toBe(true);
    expect(rate.unit).toBe("pair");
  }
  expect(epochs.map(({ epoch, step }) => [epoch, step])).toEqual([
    [0, 0],
    [1, 3],
    [2, 6],
  ]);
  expect(epochs.every(({ metrics }) => metrics.image_to_text_recall_at_5! > 0 && metrics.text_to_image_recall_at_10 === 1)).toBe(true); // 4 validation pairs

  const [name] = readdirSync(at("whole", "tensorboard"));
  const events = readEvents(bytes("whole", "tensorboard", name!));
  expect(events.filter(({ scalars }) => "train/loss" in scalars).map(({ scalars }) => scalars["train/loss"])).toEqual(
    steps.map(({ loss }) => Math.fround(loss)),
  );
  expect(events.filter(({ scalars }) => "validation/loss" in scalars)).toHaveLength(3);

  const run = JSON.parse(bytes("whole", "run.json").toString());
  expect(run).toMatchObject({
    command: "finetune",
    settings: { loss: "dhn-nce", schedule: "plateau", batch: 4 },
    counts: { train: 12, validation: 4, dropped: {} },
    result: { steps: 6, epochs: 2 },
    failed: [],
  });
  const page = bytes("whole", "report.html").toString();
  expect(page.match(/<svg /g)).toHaveLength(5);
  expect(page).not.toMatch(/<script|<link|@import|url\(/);
});

test("embed with the exported model gives the features of the trainer", async () => {
  const trainer = await ContrastiveTrainer.open(
    await locateClip(clip),
    ContrastiveSettings.parse({ chunk: 2, lr: 2e-3, schedule: "plateau" }),
    { stepsPerEpoch: 3, epochs: 2 },
  );
  await trainer.load(at("whole", "checkpoints", "best.safetensors"));
  const { pairs } = await loadPairs([at("pairs.csv")]);
  const workers = await PairWorkers.open({ tokenizer: clip, contextLength: 256, workers: 0 });
  const batches = plainBatches(await encodePairs(pairs.slice(0, 3), workers), workers, { batch: 3, side: 32 });
  const { features } = await trainer.validate(batches);
  await trainer.dispose();

  const inputs = [0, 1, 2].map((i) => at(`${i}.png`));
  const text = pairs.slice(0, 3).map(({ caption }) => caption);
  await collect(runEmbed(EmbedSettings.parse({ inputs, text, clip: at("whole", "model"), out: at("features.safetensors") })));
  const { tensors } = await readSafetensors(at("features.safetensors"));
  expectClose(toFloat32(tensors.get("image_features")!), features[0]!.image.data, 2e-5, "images");
  expectClose(toFloat32(tensors.get("text_features")!), features[0]!.text.data, 2e-5, "texts");
});

test("a run that is interrupted, killed and resumed gives the same bytes as an uninterrupted one", { timeout: 120_000 }, async () => {
  for (const [step, signal] of [
    [2, "SIGINT"],
    [4, "SIGKILL"],
  ] as const) {
    const { status } = await signalAtStep(startCommand(args("killed", "--checkpoint-every", "1", "--events")), step, signal);
    expect(status).toBe(signal === "SIGINT" ? 130 : null);
    expect(existsSync(at("killed", "checkpoints", "last.safetensors"))).toBe(true);
  }
  const { status, stderr } = await runWhenFree(args("killed"));
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/[2-5] of 6 already finished/);
  for (const file of results) expect(bytes("killed", file).equals(bytes("whole", file)), file).toBe(true);
  expect(metrics("killed")).toBe(metrics("whole"));
  expect(readdirSync(at("killed", "tensorboard"))).toHaveLength(3);
});

test("a finished training does nothing when run again; other settings need --overwrite, which starts over", async () => {
  const again = await collect(runFinetune(settings({ out: at("whole"), pairs: [at("pairs.csv")] })));
  expect(again.at(-1)).toMatchObject({ type: "end", done: 0, skipped: 6 });
  await expect(collect(runFinetune(settings({ out: at("whole"), lr: 1e-4 })))).rejects.toThrow("lr was 0.002, now it is 0.0001");
  const events = await collect(runFinetune(settings({ out: at("whole"), lr: 1e-4, epochs: 1, overwrite: true })));
  expect(events.at(-1)).toMatchObject({ type: "end", done: 3, skipped: 0 });
  expect((await readMetrics(at("whole"))).steps).toHaveLength(3);
  expect(readdirSync(at("whole", "tensorboard"))).toHaveLength(1);
});

test("a broken image is named once and skipped, and the exit status is 1", async () => {
  const { status, stderr, stdout } = await runInProcess(argsOn("some.csv", "some", "--validation", "0", "--schedule", "cosine"));
  expect(stderr.match(/failed: broken\.png: image cannot be decoded.*is not a PNG/g)).toHaveLength(1);
  expect(stderr).toContain("captions not used: 1 short");
  expect(stderr).toContain("8 done, 1 failed");
  expect(stdout).toMatch(/^without a validation set, the model in .*model is that of the last epoch \(2\)\n$/);
  expect(status).toBe(1);
  expect(await readMetrics(at("some"))).toMatchObject({ epochs: [] });
});

test("without a better validation loss it stops early, keeps the initial model and says so", async () => {
  // A learning rate at which no weight changes: every epoch is as good as the first.
  const events = await collect(runFinetune(settings({ out: at("early"), epochs: 6, lr: 1e-30, optimizer: "sgd", earlyStop: 1 })));
  const { epochs } = await readMetrics(at("early"));
  expect(epochs.map(({ epoch, isBest }) => [epoch, isBest])).toEqual([
    [0, true],
    [1, false],
  ]);
  const line =
    /^no epoch improved on the model before training \(validation loss [\d.-]+\); stopped after 1 epoch without a lower value; .*model holds that model$/;
  expect(events.at(-1)).toMatchObject({ lines: [expect.stringMatching(line)] });
  expect(JSON.parse(bytes("early", "run.json").toString()).result).toMatchObject({
    best: { epoch: 0 },
    isImproved: false,
    isStopped: true,
  });
  // It stays the model that training began with, tensor by tensor.
  const [before, after] = await Promise.all(
    [clip, at("early", "model")].map((model) => readSafetensors(join(model, "open_clip_model.safetensors"))),
  );
  for (const [name, { data }] of before!.tensors) expect(after!.tensors.get(name)!.data, name).toEqual(data);
});

test("a dry run describes the run and writes nothing", async () => {
  const events = await collect(runFinetune(settings({ out: at("dry"), dryRun: true })));
  expect(events.at(-1)).toMatchObject({
    lines: [
      expect.stringMatching(/^12 training pairs, 4 validation pairs/),
      expect.stringContaining("6 steps of 4 pairs in 2 epochs"),
      expect.anything(),
    ],
  });
  expect(existsSync(at("dry"))).toBe(false);
});

test("a warning says which of two models in a file is trained", async () => {
  const two = await twoModels(clip, at("two"));
  const events = await collect(runFinetune(settings({ out: at("dry"), dryRun: true, clip: two })));
  expect(warningsOf(events)).toContainEqual(expect.stringMatching(/also holds averaged weights/));
  const chosen = await collect(runFinetune(settings({ out: at("dry"), dryRun: true, clip: `${two}#model.` })));
  expect(warningsOf(chosen)).not.toContainEqual(expect.stringMatching(/also holds averaged weights/));
});

test("invalid settings are rejected before anything is written", async () => {
  const run = (changes: Partial<FinetuneSettings>) => collect(runFinetune(settings({ out: at("none"), ...changes })));
  await expect(run({ batch: 64 })).rejects.toThrow("12 training pairs do not fill a batch of 64. Lower --batch.");
  await expect(run({ validation: 0 })).rejects.toThrow('the schedule "plateau" needs a validation loss');
  await expect(run({ validation: 0.01 })).rejects.toThrow("0 of 16 pairs are in the validation set; at least 2 are needed");
  await expect(run({ clip: undefined })).rejects.toThrow("no CLIP model was given");
  expect(existsSync(at("none"))).toBe(false);
});

test("outlined images add a classification and a dense loss", { timeout: 60_000 }, async () => {
  mkdirSync(at("masks"));
  // The left half of a disc, outlined in some of the images; in one of them it is absent.
  const half = new Uint8Array(96 * 72).map((_, i) => (i % 96 < 48 ? 255 : 0));
  await sharp(half, { raw: { width: 96, height: 72, channels: 1 } })
    .png()
    .toFile(at("masks", "half.png"));
  const labels = half.map((_, i) => i % 3);
  await sharp(labels, { raw: { width: 96, height: 72, channels: 1 } })
    .toColourspace("b-w")
    .png()
    .toFile(at("masks", "labels.png"));
  const maskOf = (i: number) => (i === 3 ? "" : i === 4 ? "masks/labels.png" : "masks/half.png");
  const rows = Array.from({ length: pairCount }, (_, i) => `${i}.png,dark lesion,${maskOf(i)}`);
  writeFileSync(at("regions.csv"), `filename,phrase,mask\n${rows.join("\n")}\nelsewhere.png,dark lesion,masks/half.png\n`);
  const outlined = (out: string, changes: Partial<FinetuneSettings> = {}) =>
    settings({ out: at(out), regions: at("regions.csv"), epochs: 1, validation: 0, schedule: "constant", ...changes });
  const events = await collect(runFinetune(outlined("outlined")));
  expect(events).toContainEqual(
    expect.objectContaining({ type: "warning", message: expect.stringMatching(/outlines not used.*: 1, such as/) }),
  );
  expect(events).toContainEqual({ type: "warning", message: "outlines not used: 1 label image" });
  expect(events).toContainEqual(expect.objectContaining({ type: "failure", message: expect.stringMatching(/labels.png" has 3 values/) }));
  await collect(runFinetune(settings({ out: at("plain"), epochs: 1, validation: 0, schedule: "constant" })));
  const lossOf = async (out: string) => (await readMetrics(at(out))).steps[0]!.loss;
  expect(await lossOf("outlined")).not.toBeCloseTo(await lossOf("plain"), 3);
  const { settings: recorded, data, counts } = JSON.parse(bytes("outlined", "run.json").toString());
  expect(counts.outlines).toEqual({ regions: counts.train - 1, empty: 0, unused: { "label image": 1 } });
  expect(recorded).toMatchObject({ regionWeight: 1, denseWeight: 1, maskNegatives: true });
  expect(data.regions.sha256).toMatch(/^[0-9a-f]{64}$/);
  await expect(collect(runFinetune(settings({ out: at("no-table"), regionWeight: 1 })))).rejects.toThrow(/--regions FILE.csv/);
});
