import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile, gradients, input } from "../../src/graph/index.ts";
import { locateSam } from "../../src/hub/locate.ts";
import { contrastiveLosses } from "../../src/losses/index.ts";
import { visionTower } from "../../src/models/clip/index.ts";
import { M2ib, M2ibConfig } from "../../src/saliency/index.ts";
import { SamPredictor } from "../../src/segment/index.ts";
import { normal, uniform } from "../../src/tensor/random.ts";
import { writeSafetensors } from "../../src/tensor/safetensors.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { openClip } from "../support/clip-cases.ts";
import { randomModel } from "../support/models.ts";
import { strided } from "../support/sam-cases.ts";

// A second set of cases in the same format with other seeds, names, sizes and counts: the tests must read all of these from the cases.
// Its values come from our own code, so it does not check them against a reference.

const root = resolve(import.meta.dirname, "../..");
const seed = 7;
const folder = mkdtempSync(join(tmpdir(), "medclip-sam-another-set-"));
afterAll(() => rmSync(folder, { recursive: true }));

const path = (...parts: string[]): string => {
  const file = join(folder, ...parts);
  mkdirSync(dirname(file), { recursive: true });
  return file;
};
const writeCase = (file: string, tensors: Record<string, Tensor>, settings: object) =>
  writeSafetensors(path(file), tensors, { case: JSON.stringify({ seed, ...settings }) });
const json = (file: string, content: unknown) => writeFileSync(path(file), JSON.stringify(content));
const floats = (shape: readonly number[], data: ArrayLike<number>) => tensor("float32", shape, Float32Array.from(data));

/** An image with a name that the usual cases do not have. */
const image = { name: "zebras/images/stripes.png", width: 90, height: 70 };
const pixels = Uint8Array.from({ length: image.width * image.height * 3 }, (_, i) => (i * i * 31) % 256);

beforeAll(async () => {
  await sharp(pixels, { raw: { width: image.width, height: image.height, channels: 3 } })
    .png()
    .toFile(path("data", image.name));
  await samCase();
  await clipCases();
  await lossCase();
  await retrievalCase();
  json("parity/learn/captions.json", [
    { image: "a", raw: "A <b>large</b> mass in the left lung", cleaned: "A large mass in the left lung", keep: true, reason: "" },
    { image: "b", raw: "mass", cleaned: "mass", keep: false, reason: "short" },
  ]);
}, 300_000);

/** A box on the image, and the masks of the tiny model of this seed. */
async function samCase(): Promise<void> {
  const predictor = await SamPredictor.open((await locateSam(await randomModel("sam-tiny", undefined, seed))).weights);
  const { values } = await predictor.setImage({ width: image.width, height: image.height, data: pixels });
  const box = { x0: 10, y0: 12, x1: 60, y1: 50 };
  const [prediction] = await predictor.predict({ boxes: [box] });
  const channels = Array.from({ length: 256 }, (_, i) => values.data.subarray(i * 4096, (i + 1) * 4096));
  const means = channels.map((channel) => channel.reduce((a, b) => a + b, 0) / 4096);
  const deviations = channels.map((channel, i) => Math.sqrt(channel.reduce((sum, x) => sum + (x - means[i]!) ** 2, 0) / 4096));
  await writeCase(
    "parity/sam/tiny-stripes.safetensors",
    {
      embedding_stride4: floats([1, 256, 16, 16], strided(values.data, values.shape, [2, 3], 4)),
      embedding_mean: floats([256], means),
      embedding_std: floats([256], deviations),
      "box.boxes": tensor("int32", [1, 4], Int32Array.of(box.x0, box.y0, box.x1, box.y1)),
      "box.iou": floats([1, 4], prediction!.scores),
      "box.logits": floats([1, 256, 256], prediction!.logitsOf(0)),
    },
    { image: image.name, image_sha256: createHash("sha256").update(pixels).digest("hex") },
  );
  const { width, height, data } = prediction!.mask();
  await sharp(
    data.map((value) => 255 * value),
    { raw: { width, height, channels: 1 } },
  )
    .png()
    .toFile(path("parity/sam/masks/tiny-stripes-box-0.png"));
  await predictor.dispose();
}

/** Features and one map of the tiny model of this seed. */
async function clipCases(): Promise<void> {
  const side = 224;
  const view = { width: side, height: side, data: Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 7919) % 256) };
  const images = [image.name];
  await writeCase("parity/clip/pixels.safetensors", { pixels: tensor("uint8", [1, side, side, 3], view.data) }, { images });
  const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "stripes"];
  writeFileSync(
    path("data/vocab/bert_base_uncased_vocab.txt"),
    [...words, ...Array.from({ length: 30_516 }, (_, i) => `word${i}`)].join("\n"),
  );
  const ids = [2, 5, 3];
  const clip = await openClip(await randomModel("biomedclip-tiny", undefined, seed));
  const tower = visionTower(input("pixels", "float32", [1, 3, side, side]), clip.weights, clip.config);
  const session = await compile({ classToken: tower.classToken });
  const { classToken } = await session.run({ pixels: clip.normalised(view) });
  await session.dispose();
  const [features, text] = [await clip.imageFeatures(view), await clip.textFeatures(ids)];
  await writeCase(
    "parity/clip/features-tiny.safetensors",
    {
      image_features: floats([1, features.length], features),
      image_class_token: classToken!,
      text_features: floats([1, text.length], text),
      "text_ids.0": tensor("int32", [3], Int32Array.from(ids)),
    },
    { model: "tiny", images },
  );
  const config = { layer: 6, beta: 0.2, steps: 2, samples: 3 };
  const m2ib = new M2ib(clip, M2ibConfig.parse(config), { trace: true });
  const noise = floats(
    m2ib.noiseShape,
    normal(
      "m2ib/eps",
      seed,
      m2ib.noiseShape.reduce((a, b) => a * b, 1),
    ),
  );
  const { capacity, trace } = await m2ib.attribute(await m2ib.hiddenTokens(view), text, m2ib.splitNoise(noise));
  await writeCase(
    "parity/saliency/m2ib-tiny.safetensors",
    { "only.losses": trace!.losses, "only.kl_map": floats([14, 14], capacity) },
    { model: "tiny", cases: [{ key: "only", image: image.name, image_size: [90, 70], sentence: "stripes", ...config }] },
  );
  await m2ib.dispose();
  await clip.dispose();
}

/** A batch of a size that the usual cases do not have. */
async function lossCase(): Promise<void> {
  const shape = [5, 12];
  const [v, t, scale] = [input("image", "float32", shape), input("text", "float32", shape), input("scale", "float32", [])];
  const loss = contrastiveLosses["info-nce"](v, t, { scale });
  const [dv, dt, ds] = gradients(loss, [v, t, scale]);
  const session = await compile({ loss, dv: dv!, dt: dt!, ds: ds! });
  const [image, text] = ["image", "text"].map((name) => floats(shape, normal(name, seed, 60)));
  const tau = 0.5;
  const found = await session.run({ image: image!, text: text!, scale: floats([], [1 / tau]) });
  const item = { form: "infonce", tau, loss: Number(found.loss!.data[0]), grad_tau: -Number(found.ds!.data[0]) / tau ** 2 };
  const rows = (values: Tensor) => floats([1, ...shape], values.data as Float32Array);
  const tensors = { image: image!, text: text!, grad_image: rows(found.dv!), grad_text: rows(found.dt!) };
  await writeCase("parity/learn/losses-b5.safetensors", tensors, { cases: [item] });
  await session.dispose();
}

/** 23 pairs, shuffled twice, in batches of 10; ranks and accuracies counted one by one. */
async function retrievalCase(): Promise<void> {
  const [count, width, batch, rounds] = [23, 6, 10, 2];
  const unit = (name: string) => {
    const rows = normal(name, seed, count * width);
    for (let i = 0; i < count; i++) {
      const row = rows.subarray(i * width, (i + 1) * width);
      const length = Math.hypot(...row);
      for (let k = 0; k < width; k++) row[k]! /= length;
    }
    return rows;
  };
  const [image, text] = [unit("image"), unit("text")];
  for (let i = 0; i < text.length; i++) text[i] = image[i]! + 0.3 * text[i]!;
  const similarity = (i: number, j: number) => {
    const [a, b] = [image.subarray(i * width, (i + 1) * width), text.subarray(j * width, (j + 1) * width)];
    return a.reduce((sum, x, k) => sum + x * b[k]!, 0) / Math.hypot(...b);
  };
  /** Of item i among some, from images to texts or back. */
  const rank = (i: number, among: readonly number[], back: boolean) => {
    const score = (j: number) => (back ? similarity(j, i) : similarity(i, j));
    return 1 + among.filter((j) => j !== i && score(j) > score(i)).length;
  };
  const all = Array.from({ length: count }, (_, i) => i);
  const draw = uniform("shuffles", seed);
  const shuffles = Array.from({ length: rounds }, (_, s) => [...all].sort((a, b) => draw.at(s * count + a) - draw.at(s * count + b)));
  const accuracy = (keepPartial: boolean) =>
    shuffles.map((order) => {
      const used = keepPartial ? count : count - (count % batch);
      const batches = Array.from({ length: Math.ceil(used / batch) }, (_, b) => order.slice(b * batch, Math.min(used, (b + 1) * batch)));
      return [false, true].map((back) =>
        [1, 2].map((top) => batches.flatMap((some) => some.filter((i) => rank(i, some, back) <= top)).length / used),
      );
    });
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const spread = (values: number[], less: number) =>
    Math.sqrt(values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0) / (values.length - less));
  const summary = (table: number[][][]) => {
    const of = (directions: number[]) => {
      const values = [0, 1].map((top) => table.map((round) => mean(directions.map((direction) => round[direction]![top]!))));
      return { mean: values.map(mean), std_population: values.map((x) => spread(x, 0)), std_sample: values.map((x) => spread(x, 1)) };
    };
    return { image_to_text: of([0]), text_to_image: of([1]), both: of([0, 1]) };
  };
  const ranks = [false, true].map((back) => all.map((i) => rank(i, all, back)));
  const wholeSet = (values: number[]) => {
    const sorted = [...values].sort((a, b) => a - b);
    const recall = (k: number) => values.filter((value) => value <= k).length / count;
    const row = { "recall@1": recall(1), "recall@5": recall(5), "recall@10": recall(10), mean_rank: mean(values) };
    const median = sorted[(count - 1) / 2]!;
    const numbers = { ...row, median_rank: median, median_rank_open_clip: median };
    return { stable: numbers, optimistic: numbers, pessimistic: numbers }; // no two similarities are equal
  };
  const table = (keepPartial: boolean) => floats([rounds, 2, 2], accuracy(keepPartial).flat(2));
  await writeCase(
    "parity/learn/retrieval.safetensors",
    {
      image: floats([count, width], image),
      text: floats([count, width], text),
      shuffles: tensor("int32", [rounds, count], Int32Array.from(shuffles.flat())),
      accuracy: table(false),
      accuracy_with_partial: table(true),
      rank_image_to_text: tensor("int32", [count], Int32Array.from(ranks[0]!)),
      rank_text_to_image: tensor("int32", [count], Int32Array.from(ranks[1]!)),
    },
    {
      batch,
      summary: summary(accuracy(false)),
      summary_with_partial: summary(accuracy(true)),
      whole_set: { image_to_text: wholeSet(ranks[0]!), text_to_image: wholeSet(ranks[1]!) },
    },
  );
}

interface Report {
  testResults: { assertionResults: { fullName: string; status: string; failureMessages: string[] }[] }[];
}

/** Runs tests on the set. @returns the tests that ran, by name, with what went wrong */
function runOnSet(files: readonly string[]): Record<string, string> {
  const report = path("report.json");
  const env = { ...process.env, MEDCLIP_SAM_SHARED: folder, TEST_REPORT: report };
  spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...files], { cwd: root, env, stdio: "ignore" });
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const ran = testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status !== "pending");
  return Object.fromEntries(
    ran.map(({ fullName, status, failureMessages }) => [fullName, status === "passed" ? "" : failureMessages.join()]),
  );
}

test("the parity tests read seeds, names, sizes and counts from the cases", { timeout: 600_000 }, () => {
  const files = ["src/segment/predictor.test.ts", "src/models/clip/clip-model.test.ts", "src/saliency/m2ib.test.ts"];
  const found = runOnSet([...files, "src/losses/contrastive-losses.test.ts", "src/metrics/retrieval", "src/data/caption.test.ts"]);
  expect(Object.fromEntries(Object.entries(found).filter(([, failure]) => failure !== ""))).toEqual({});
  const names = Object.keys(found).join("\n");
  for (const expected of [
    "tiny-stripes.safetensors",
    "losses-b5.safetensors",
    "M2IB on the tiny model gives the reference's losses and maps",
    "image features, embeddings and hidden states are the reference's",
    "the paper's protocol: accuracy_with_partial",
    "all are cleaned to the same text",
  ])
    expect(names).toContain(expected);
});

test("a set with wrong values fails", { timeout: 600_000 }, async () => {
  const file = path("parity/learn/captions.json");
  writeFileSync(file, readFileSync(file, "utf8").replace('"cleaned":"A large', '"cleaned":"A small'));
  const found = runOnSet(["src/data/caption.test.ts"]);
  const failed = Object.keys(found).filter((name) => found[name] !== "");
  expect(failed).toEqual([expect.stringContaining("all are cleaned to the same text")]);
});
