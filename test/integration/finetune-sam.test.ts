import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CancelledError } from "../../src/errors.ts";
import { runFinetuneSam } from "../../src/pipeline/finetune-sam/run.ts";
import { FinetuneSamSettings } from "../../src/pipeline/finetune-sam/settings.ts";
import { SamPredictor } from "../../src/segment/index.ts";
import { uniform } from "../../src/tensor/random.ts";
import { readMetrics } from "../../src/train/index.ts";
import { builtCommand } from "../support/build.ts";
import { runCommand, runWhenFree, signalAtStep, startCommand } from "../support/command.ts";
import { nanoSam, nanoVariant, twoModels } from "../support/models.ts";
import { readEvents } from "../support/tensorboard.ts";
import { collect, warningsOf } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-finetune-sam-"));
const at = (...parts: string[]) => join(folder, ...parts);
const bytes = (...parts: string[]) => readFileSync(at(...parts));
let sam: string;

const [width, height] = [80, 56];

/** A bright disc and a darker bar on noise, with the mask of each, and a square as the disc's coarse mask. */
async function writePicture(i: number): Promise<void> {
  const noise = uniform(`picture/${i}`, 1);
  const disc = (x: number, y: number) => Math.hypot(x - 25 - i, y - 20 - (i % 3)) < 9;
  const bar = (x: number, y: number) => x > 10 && x < 70 && y > 42 && y < 46 + (i % 4);
  const square = (x: number, y: number) => Math.abs(x - 28 - i) < 9 && Math.abs(y - 20) < 9;
  const write = (file: string, level: (x: number, y: number, k: number) => number) =>
    sharp(
      Uint8Array.from({ length: width * height }, (_, k) => level(k % width, Math.floor(k / width), k)),
      { raw: { width, height, channels: 1 } },
    )
      .png()
      .toFile(at(file));
  await write(`data/images/${i}.png`, (x, y, k) => 30 * noise.at(k) + (disc(x, y) ? 200 : bar(x, y) ? 110 : 30));
  await write(`data/masks_disc/${i}.png`, (x, y) => (disc(x, y) ? 255 : 0));
  if (i !== 0) await write(`data/masks_bar/${i}.png`, (x, y) => (bar(x, y) && i !== 1 ? 255 : 0)); // the second one is empty
  await write(`coarse/disc/${i}.png`, (x, y) => (square(x, y) ? 255 : 0));
}

beforeAll(async () => {
  sam = await nanoSam();
  await builtCommand();
  for (const name of ["data/images", "data/masks_disc", "data/masks_bar", "coarse/disc"]) mkdirSync(at(name), { recursive: true });
  for (let i = 0; i < 10; i++) await writePicture(i);
});
afterAll(() => rmSync(folder, { recursive: true }));

const flags = { loss: "sam", batch: 2, prompts: 2, epochs: 2, "epoch-steps": 3, validation: 0.2, lr: 1e-3, threads: 1 };
const args = (out: string, ...more: string[]) => [
  ...["finetune-sam", "--data", at("data"), "--coarse", at("coarse"), "--sam", sam, "--out", at(out), "--train-encoder"],
  ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ...more,
];
const settings = (changes: Partial<FinetuneSamSettings>) => {
  const { "epoch-steps": epochSteps, ...rest } = flags;
  return FinetuneSamSettings.parse({ data: at("data"), sam, epochSteps, ...rest, ...changes });
};
const read = (out: string) => readMetrics(at(out));
/** Metrics without times. */
const metrics = (out: string) =>
  bytes(out, "metrics.jsonl")
    .toString()
    .replaceAll(/,"rate":{[^}]*}/g, "");
const results = ["checkpoints/last.safetensors", "checkpoints/best.safetensors", "model/model.safetensors"];

test("a data set without a usable mask is refused with the reason, before anything is computed", async () => {
  for (const name of ["labels/images", "labels/masks"]) mkdirSync(at(name), { recursive: true });
  for (let i = 0; i < 3; i++) {
    copyFileSync(at(`data/images/${i}.png`), at(`labels/images/${i}.png`));
    const levels = Uint8Array.from({ length: width * height }, (_, k) => (i === 0 ? 0 : k % 3));
    await sharp(levels, { raw: { width, height, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toFile(at(`labels/masks/${i}.png`));
  }
  const run = collect(runFinetuneSam(settings({ data: at("labels"), out: at("none"), validation: 0 })));
  await expect(run).rejects.toThrow(/has no usable mask \(2 label image, 1 empty\). The first: ".*1.png" has 3 values \(0, 1, 2\)/);
});

test("a complete training writes metrics, checkpoints, events, a report and a model that the predictor opens", async () => {
  const { status, stdout, stderr } = await runCommand(args("whole"));
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/before training: DSC .*bar .*disc .*\n(.*\n)*epoch 2 of 2: DSC/);
  // Six steps need not make it better.
  expect(stdout).toMatch(/^(best epoch [12], DSC [\d.]+; the model is in .*|no epoch improved on .* \(DSC [\d.]+\); .*)model.*\n$/);
  const { steps, epochs } = await read("whole");
  expect(steps.flatMap(({ step, epoch }) => [step, epoch])).toEqual([1, 1, 2, 1, 3, 1, 4, 2, 5, 2, 6, 2]);
  expect(steps.every(({ loss, gradNorm, rate }) => [loss, gradNorm, rate.value].every(Number.isFinite))).toBe(true);
  expect(epochs.flatMap(({ epoch, step }) => [epoch, step])).toEqual([0, 0, 1, 3, 2, 6]);
  expect(epochs.every(({ metrics: { dsc, dsc_disc, dsc_bar } }) => Math.abs(dsc! - (dsc_disc! + dsc_bar!) / 2) < 1e-9)).toBe(true);

  const [name] = readdirSync(at("whole", "tensorboard"));
  const events = readEvents(bytes("whole", "tensorboard", name!));
  expect(events.filter(({ scalars }) => "validation/dsc_disc" in scalars)).toHaveLength(3);
  const run = JSON.parse(bytes("whole", "run.json").toString());
  expect(run).toMatchObject({
    command: "finetune-sam",
    counts: { empty: 1, unmatched: 0, coarse: 10, groups: expect.objectContaining({ disc: expect.any(Number), bar: expect.any(Number) }) },
    result: { steps: 6, epochs: 2 },
    failed: [],
  });
  expect(run.counts.train + run.counts.validation).toBe(18);
  const page = bytes("whole", "report.html").toString();
  expect(page.match(/<svg /g)).toHaveLength(4);
  expect(page).toContain("training set: disc");

  const predictor = await SamPredictor.open(at("whole", "model", "model.safetensors"), { threads: 1 });
  expect(predictor.config.imageSize).toBe(64);
  await predictor.dispose();
});

test("a run that is interrupted, killed and resumed gives the same bytes as an uninterrupted one", { timeout: 120_000 }, async () => {
  for (const [step, signal] of [
    [2, "SIGINT"],
    [4, "SIGKILL"],
  ] as const) {
    await signalAtStep(startCommand(args("killed", "--checkpoint-every", "1", "--events")), step, signal);
    expect(existsSync(at("killed", "checkpoints", "last.safetensors"))).toBe(true);
  }
  const { status, stderr } = await runWhenFree(args("killed"));
  expect(status, stderr).toBe(0);
  for (const file of results) expect(bytes("killed", file).equals(bytes("whole", file)), file).toBe(true);
  expect(metrics("killed")).toBe(metrics("whole"));
});

test("a frozen encoder keeps its bytes, the decoder learns, and embeddings can be cached in a folder", async () => {
  const frozen = { trainEncoder: false, threads: 1, cache: at("cache") };
  await collect(runFinetuneSam(settings({ out: at("frozen"), ...frozen })));
  expect(readdirSync(at("cache")).length).toBeGreaterThan(6); // as many images as six steps and the held-out ones see
  await collect(runFinetuneSam(settings({ out: at("in-memory"), ...frozen, cache: undefined })));
  for (const file of results) expect(bytes("in-memory", file).equals(bytes("frozen", file)), file).toBe(true);
  const { steps } = await read("frozen");
  expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss);
});

test("an augmented training is another one, and gives the same bytes when it is interrupted and resumed", async () => {
  const augmented = { trainEncoder: true, coarse: at("coarse"), augment: "strong", validation: 0, checkpointEvery: 1 } as const;
  await collect(runFinetuneSam(settings({ out: at("augmented"), ...augmented })));
  await collect(runFinetuneSam(settings({ out: at("unchanged"), ...augmented, augment: "none" })));
  const stop = new AbortController();
  const interrupted = async () => {
    for await (const event of runFinetuneSam(settings({ out: at("resumed"), ...augmented }), stop))
      if (event.type === "step" && event.step === 2) stop.abort();
  };
  await expect(interrupted()).rejects.toThrow(CancelledError);
  await collect(runFinetuneSam(settings({ out: at("resumed"), ...augmented })));
  for (const file of results) expect(bytes("resumed", file).equals(bytes("augmented", file)), file).toBe(true);
  expect(metrics("resumed")).toBe(metrics("augmented"));
  const losses = async (out: string) => (await read(out)).steps.map(({ loss }) => loss);
  expect(await losses("unchanged")).not.toEqual(await losses("augmented"));
  expect(JSON.parse(bytes("augmented", "run.json").toString()).settings).toMatchObject({ augment: "strong" });
});

test("augmentation with a frozen encoder is refused, and the message says what to do", async () => {
  const run = collect(runFinetuneSam(settings({ out: at("refused"), augment: "light" })));
  await expect(run).rejects.toThrow(/^finetune-sam: --augment light .* frozen encoder .* Pass --train-encoder, or leave out --augment\.$/);
  expect(existsSync(at("refused"))).toBe(false);
});

test("the message about a damaged last checkpoint says how to continue", async () => {
  truncateSync(at("frozen", "checkpoints/last.safetensors"), 1000);
  const again = (resume: "last" | "best") =>
    collect(runFinetuneSam(settings({ out: at("frozen"), trainEncoder: false, threads: 1, cache: at("cache"), resume })));
  await expect(again("last")).rejects.toThrow(
    /last\.safetensors" is damaged.* Resume from ".*best\.safetensors" \(.*\) with --resume best; --over/,
  );
  expect((await again("best")).at(-1)).toMatchObject({ type: "end", failed: 0 });
  expect(bytes("frozen", results[0]!).equals(bytes("in-memory", results[0]!))).toBe(true);
});

test("a small model learns both structures in enough steps", { timeout: 120_000 }, async () => {
  const long = { trainEncoder: true, trainPromptEncoder: true, steps: 120, epochSteps: 60, lr: 3e-3, coarse: at("coarse"), warmup: 10 };
  await collect(runFinetuneSam(settings({ out: at("long"), ...long, batch: 4 })));
  const { epochs } = await read("long");
  expect(epochs.map(({ step }) => step)).toEqual([0, 60, 120]);
  expect(epochs.at(-1)!.metrics.dsc).toBeGreaterThan(0.6);
});

test("a warning says which of two models in a file is trained, and what its configuration states", async () => {
  const two = await twoModels(sam, at("two"));
  writeFileSync(at("two", "preprocessor_config.json"), JSON.stringify({ image_processor_type: "SamImageProcessor", resample: 3 }));
  const events = await collect(runFinetuneSam(settings({ out: at("dry"), dryRun: true, sam: two })));
  expect(warningsOf(events)).toContainEqual(expect.stringMatching(/also holds averaged weights/));
  expect(warningsOf(events)).toContainEqual(expect.stringMatching(/preprocessor_config.json": .*resample/));
});

test("unusable files are named and skipped; other settings need --overwrite, which starts over", async () => {
  mkdirSync(at("bad/images"), { recursive: true });
  mkdirSync(at("bad/masks"));
  for (const i of [2, 3, 4]) writeFileSync(at(`bad/images/${i}.png`), bytes(`data/images/${i}.png`));
  for (const i of [2, 3]) writeFileSync(at(`bad/masks/${i}.png`), bytes(`data/masks_disc/${i}.png`));
  writeFileSync(at("bad/masks/4.png"), "no picture");
  writeFileSync(at("bad/images/5.png"), "no picture");
  const run = (changes: Partial<FinetuneSamSettings>) =>
    collect(runFinetuneSam(settings({ data: at("bad"), out: at("bad-out"), validation: 0, epochs: 1, epochSteps: 1, ...changes })));
  const events = await run({});
  expect(events).toContainEqual(expect.objectContaining({ type: "failure", name: "mask/4", message: expect.stringContaining("is not a") }));
  expect(events).toContainEqual(
    expect.objectContaining({ type: "warning", message: expect.stringMatching(/^without a mask, and not used: 1/) }),
  );
  expect(events.at(-1)).toMatchObject({ type: "end", done: 1, failed: 1 });
  expect((await run({})).at(-1)).toMatchObject({ done: 0, skipped: 1 });
  await expect(run({ lr: 1e-4 })).rejects.toThrow("lr was 0.001, now it is 0.0001");
  expect((await run({ lr: 1e-4, overwrite: true })).at(-1)).toMatchObject({ done: 1, skipped: 0 });
});

test("a dry run writes nothing; invalid settings are rejected before anything is written", async () => {
  const events = await collect(runFinetuneSam(settings({ out: at("dry"), dryRun: true })));
  expect(events.at(-1)).toMatchObject({
    lines: [expect.stringMatching(/training masks on \d+ images/), ...Array(3).fill(expect.anything())],
  });
  const run = (changes: Partial<FinetuneSamSettings>) => collect(runFinetuneSam(settings({ out: at("dry"), ...changes })));
  await expect(run({ boxShare: 0.8, bothShare: 0.5 })).rejects.toThrow("together they must be at most 1");
  await expect(run({ chunk: 3, batch: 4 })).rejects.toThrow("cannot be divided into chunks of 3");
  await expect(run({ validation: 0, schedule: "plateau" })).rejects.toThrow("there is no validation set");
  await expect(run({ sam: undefined })).rejects.toThrow("no SAM model was given");
  await expect(run({ data: at("coarse") })).rejects.toThrow("has neither images/");
  expect(existsSync(at("dry"))).toBe(false);
});

test.each(["medsam", "sam-med2d"] as const)("a %s model is trained on images prepared as for it, and stays one", async (variant) => {
  const sam = await nanoVariant(variant);
  const events = await collect(
    runFinetuneSam(settings({ sam, out: at(variant), epochs: 1, epochSteps: 2, trainEncoder: true, augment: "light" })),
  );
  expect(events.at(-1)).toMatchObject({ type: "end" });
  expect(JSON.parse(bytes(variant, "run.json").toString())).toMatchObject({ samVariant: variant });
  const predictor = await SamPredictor.open(at(variant, "model", "model.safetensors"), { threads: 1 });
  expect(predictor.config.variant).toBe(variant);
  await predictor.dispose();
});
