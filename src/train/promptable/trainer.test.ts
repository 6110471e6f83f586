import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { nanoSam } from "../../../test/support/models.ts";
import { promptableCurves } from "../../../test/support/sam-curves.ts";
import { locateSam } from "../../hub/locate.ts";
import type { Image, LabelledPoint } from "../../image/index.ts";
import { maskPromptLogits, SamPredictor, samInput } from "../../segment/index.ts";
import { uniform } from "../../tensor/random.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { TrainingPrompt } from "./graph.ts";
import { PromptableSettings } from "./settings.ts";
import { PromptableTrainer } from "./trainer.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-promptable-"));
afterAll(() => rmSync(folder, { recursive: true }));

const length = { stepsPerEpoch: 10, epochs: 1 };
const threads = { threads: 1 };

// The whole curves, and those of the other loss, are compared in the slow tests.
promptableCurves(2, /^sam-train-sam-multi\.safetensors$/);

/** Two pictures of noise as the model takes them, of the model's size. */
function pictures(count: number, side = 64) {
  const noise = uniform("pictures", 1);
  const images = Array.from({ length: count }, (_, n) => ({
    width: side,
    height: side,
    data: Uint8Array.from({ length: side * side * 3 }, (_, i) => 256 * noise.at(n * side * side * 3 + i)),
  }));
  const pixels = new Float32Array(count * 3 * side * side);
  for (const [n, image] of images.entries())
    pixels.set(samInput(image, { variant: "sam", imageSize: side }).pixels.data, n * 3 * side * side);
  return { images, pixels: tensor("float32", [count, 3, side, side], pixels) };
}

const box = { x0: 10, y0: 12, x1: 40.5, y1: 50 };
const point = (x: number, y: number, label: 0 | 1 = 1): LabelledPoint => ({ x, y, label });
/** A box, a box with points, points alone: one of each kind for both pictures. */
const mixed: TrainingPrompt[] = [
  { box, points: [] },
  { box: { ...box, x0: 3 }, points: [point(20, 20), point(30.5, 31, 0)] },
  { points: [point(20, 20), point(22, 27), point(50, 5, 0)] },
  { points: [point(11, 13)] },
  { box, points: [point(20, 20)] },
  { box, points: [] },
];
/** A disc each. */
const discs = (count: number, side = 32) =>
  tensor(
    "uint8",
    [count, 1, side, side],
    Uint8Array.from({ length: count * side * side }, (_, i) =>
      Math.hypot((i % side) - 12, (Math.floor(i / side) % side) - 15) < 4 + (Math.floor(i / (side * side)) % 3) ? 1 : 0,
    ),
  );

/** Their embeddings, [B, 32, 8, 8]. */
async function embedded(images: readonly Image[]) {
  const predictor = await SamPredictor.open((await locateSam(await nanoSam())).weights, threads);
  const values = new Float32Array(images.length * 2048);
  for (const [n, image] of images.entries()) values.set((await predictor.setImage(image)).values.data, n * 2048);
  await predictor.dispose();
  return tensor("float32", [images.length, 32, 8, 8], values);
}

async function open(settings: Partial<PromptableSettings> = {}) {
  const parsed = PromptableSettings.parse({ lr: 1e-3, points: 3, ...settings });
  return await PromptableTrainer.open(await locateSam(await nanoSam()), parsed, length, threads);
}

describe("prompts of several kinds in one batch", () => {
  test("have the answers that the predictor gives to each of them alone", async () => {
    const { images, pixels } = pictures(2);
    const trainer = await open({ trainEncoder: true });
    const predictor = await SamPredictor.open((await locateSam(await nanoSam())).weights, threads);
    const { logits, iou } = await trainer.answer({ images: pixels, prompts: mixed, targets: discs(6) });
    const size = 4 * 32 * 32;
    for (const [n, { box: given, points }] of mixed.entries()) {
      await predictor.setImage(images[Math.floor(n / 3)]!);
      const [alone] = await predictor.predict({ ...(given && { boxes: [given] }), ...(points.length > 0 && { points }) });
      expectClose(logits.data.subarray(n * size, (n + 1) * size), alone!.logits, 1e-5, `logits ${n}`);
      expectClose(iou.data.subarray(n * 4, n * 4 + 4), alone!.scores, 1e-5, `iou ${n}`);
    }
    await Promise.all([trainer.dispose(), predictor.dispose()]);
  });
});

describe("mask prompts", () => {
  /** Every other prompt with a mask: the upper left quarter. */
  const quarter = Uint8Array.from({ length: 32 * 32 }, (_, i) => (i % 32 < 16 && i < 16 * 32 ? 1 : 0));
  const masked = mixed.map((prompt, n) => (n % 2 === 0 ? { ...prompt, mask: quarter } : prompt));

  test("have the answers that the predictor gives with and without a mask", async () => {
    const { images, pixels } = pictures(2);
    const trainer = await open({ trainEncoder: true, maskShare: 0.5 });
    const predictor = await SamPredictor.open((await locateSam(await nanoSam())).weights, threads);
    const { logits } = await trainer.answer({ images: pixels, prompts: masked, targets: discs(6) });
    const size = 4 * 32 * 32;
    for (const [n, { box: given, points, mask }] of masked.entries()) {
      await predictor.setImage(images[Math.floor(n / 3)]!);
      const prompts = {
        ...(given && { boxes: [given] }),
        ...(points.length > 0 && { points }),
        ...(mask && { mask: maskPromptLogits(mask) }),
      };
      const [alone] = await predictor.predict(prompts);
      expectClose(logits.data.subarray(n * size, (n + 1) * size), alone!.logits, 1e-5, `logits ${n}`);
    }
    await Promise.all([trainer.dispose(), predictor.dispose()]);
  });

  test("train the network for masks where the prompt encoder is trained", async () => {
    const { images } = pictures(2);
    const batch = { images: await embedded(images), prompts: masked, targets: discs(6) };
    const trainer = await open({ trainPromptEncoder: true, maskShare: 0.5 });
    const losses = [];
    for (let i = 0; i < 5; i++) losses.push((await trainer.step(batch)).loss);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    expect(trainer.lastGradient("prompt_encoder.mask_downscaling.0.weight")!.some((slope) => slope !== 0)).toBe(true);
    const without = await open({ trainPromptEncoder: true });
    expect(without.trainedNames.some((name) => name.includes("mask_downscaling"))).toBe(false);
    await Promise.all([trainer.dispose(), without.dispose()]);
  });
});

describe("training the encoder, too", () => {
  test("the decoder's gradients are those with the encoder frozen, and all parts have one", async () => {
    const { images, pixels } = pictures(2);
    const [frozen, whole] = [await open({ loss: "sam" }), await open({ loss: "sam", trainEncoder: true, trainPromptEncoder: true })];
    const targets = discs(6);
    const first = await frozen.step({ images: await embedded(images), prompts: mixed, targets });
    const second = await whole.step({ images: pixels, prompts: mixed, targets });
    expect(second.loss).toBeCloseTo(first.loss, 5);
    for (const name of frozen.trainedNames) {
      const expected = frozen.lastGradient(name)!;
      expectClose(whole.lastGradient(name)!, expected, 1e-5 * Math.max(1e-2, ...expected.map(Math.abs)), name);
    }
    for (const name of ["image_encoder.pos_embed", "image_encoder.blocks.0.attn.rel_pos_h", "prompt_encoder.not_a_point_embed.weight"])
      expect(
        whole.lastGradient(name)!.some((slope) => slope !== 0),
        name,
      ).toBe(true);
    expect(whole.trainedNames).not.toContain("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix");
    await Promise.all([frozen.dispose(), whole.dispose()]);
  });

  test("a batch in chunks has the gradients of the whole", async () => {
    const { pixels } = pictures(2);
    const [whole, chunked] = [await open({ trainEncoder: true }), await open({ trainEncoder: true, chunk: 1 })];
    const batch = { images: pixels, prompts: mixed, targets: discs(6) };
    const [a, b] = [await whole.step(batch), await chunked.step(batch)];
    expect(b.loss).toBeCloseTo(a.loss, 5);
    expect(b.gradNorm / a.gradNorm).toBeCloseTo(1, 5);
    await Promise.all([whole.dispose(), chunked.dispose()]);
  });
});

test("some steps teach a small model three discs; the exported file answers as the trainer does", async () => {
  const { images, pixels } = pictures(2);
  const trainer = await open({ loss: "sam", trainEncoder: true, schedule: "constant" });
  const batch = { images: pixels, prompts: mixed, targets: discs(6) };
  const { loss } = await trainer.step(batch);
  let last = loss;
  for (let s = 0; s < 30; s++) last = (await trainer.step(batch)).loss;
  expect(last).toBeLessThan(0.6 * loss);
  const file = await trainer.exportTo(join(folder, "exported"));
  const { logits } = await trainer.answer(batch);
  const predictor = await SamPredictor.open(file, threads);
  await predictor.setImage(images[0]!);
  const [answer] = await predictor.predict({ boxes: [box] });
  expectClose(answer!.logits, logits.data.subarray(0, 4 * 32 * 32), 2e-4 * Math.max(...answer!.logits.map(Math.abs)));
  await Promise.all([trainer.dispose(), predictor.dispose()]);
});

test("a saved run goes on with the same bytes; other settings are refused", async () => {
  const { pixels } = pictures(2);
  const batch = { images: pixels, prompts: mixed, targets: discs(6) };
  const file = join(folder, "state.safetensors");
  const first = await open({ trainEncoder: true });
  await first.step(batch);
  await first.save(file, { at: 1 });
  await first.step(batch);
  const second = await open({ trainEncoder: true });
  expect(await second.load(file)).toEqual({ at: 1 });
  await second.step(batch);
  for (const name of first.trainedNames) expect(second.trained(name)!.data).toEqual(first.trained(name)!.data);
  const other = await open({ trainEncoder: true, loss: "sam" });
  await expect(other.load(file)).rejects.toThrow('was made with loss "medsam", not "sam"');
  await Promise.all([first, second, other].map((trainer) => trainer.dispose()));
});

test("arrays that do not fit one another are told", async () => {
  const { pixels } = pictures(2);
  const trainer = await open({ trainEncoder: true, chunk: 3 });
  await expect(trainer.step({ images: pixels, prompts: mixed.slice(1), targets: discs(5) })).rejects.toThrow(
    /images \[2,3,64,64\] with 5 prompts/,
  );
  await expect(trainer.step({ images: pixels, prompts: mixed, targets: discs(5) })).rejects.toThrow(/targets must be \[6,1,32,32\]/);
  await trainer.dispose();
});

describe("freezing tensors by name", () => {
  const answering = [
    ...["transformer", "output_upscaling", "mask_tokens", "iou_token"].map((part) => `mask_decoder.${part}.*`),
    "mask_decoder.output_hypernetworks_mlps.0.*",
  ];

  test("with all that the single answer depends on frozen, it stays the same bytes, and the candidates learn", async () => {
    const { images } = pictures(2);
    const batch = { images: await embedded(images), prompts: mixed, targets: discs(6) };
    const trainer = await open({ loss: "sam", masks: "both", freeze: answering });
    const before = await trainer.answer(batch);
    for (let step = 0; step < 3; step++) await trainer.step(batch);
    const after = await trainer.answer(batch);
    const mask = (logits: typeof before.logits, prompt: number, token: number) =>
      logits.data.slice((prompt * 4 + token) * 1024, (prompt * 4 + token + 1) * 1024);
    for (let prompt = 0; prompt < mixed.length; prompt++) {
      expect(mask(after.logits, prompt, 0)).toEqual(mask(before.logits, prompt, 0));
      expect(mask(after.logits, prompt, 1)).not.toEqual(mask(before.logits, prompt, 1));
    }
    expect(after.iou.data).not.toEqual(before.iou.data);
    await trainer.dispose();
  });

  test("a name that fits nothing is refused, and so is a training of nothing", async () => {
    await expect(open({ freeze: ["decoder.*"] })).rejects.toThrow('no tensor is called "decoder.*"');
    await expect(open({ freeze: ["mask_decoder.*"] })).rejects.toThrow("no trainable parameters");
  });
});
