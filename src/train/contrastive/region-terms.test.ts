import { expect, test } from "vitest";
import { nanoClip, nanoDenseClip } from "../../../test/support/models.ts";
import { writeWords } from "../../../test/support/tiny-run.ts";
import { locateClip } from "../../hub/locate.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { TrainingPairs } from "./gradient.ts";
import { noisedViews } from "./noised-views.ts";
import { ContrastiveSettings } from "./settings.ts";
import { ContrastiveTrainer } from "./trainer.ts";

const [batch, side, phrases] = [6, 32, 3];

/** Bright squares on gray, at another place in each image; the first phrase is the square, the second is absent, the third unknown. */
function squares(grid = 8): TrainingPairs {
  const [patch, cells, unit] = [side / grid, grid * grid, grid / 8];
  const wide = 3 * unit;
  const pixels = new Uint8Array(batch * 3 * side * side).fill(60);
  const labels = new Float32Array(batch * phrases);
  const coverage = new Float32Array(batch * phrases * cells);
  const weights = new Float32Array(batch * phrases);
  for (let i = 0; i < batch; i++) {
    const [top, left] = [unit * i, unit * (5 - i)]; // in cells of the grid
    for (let c = 0; c < 3; c++)
      for (let y = patch * top; y < patch * (top + wide); y++)
        pixels.fill(230, ((i * 3 + c) * side + y) * side + patch * left, ((i * 3 + c) * side + y) * side + patch * (left + wide));
    for (let y = top; y < top + wide; y++)
      coverage.fill(1, i * phrases * cells + y * grid + left, i * phrases * cells + y * grid + left + wide);
    labels[i * phrases] = 1;
    weights.fill(1 / (2 * batch), i * phrases, i * phrases + 2);
  }
  const matrix = (data: Float32Array<ArrayBuffer>) => tensor("float32", [batch, phrases], data);
  const negatives = Float32Array.from({ length: batch * batch }, (_, k) => (k === 1 || k === 2 * batch ? 0 : 1));
  return {
    pixels: tensor("uint8", [batch, 3, side, side], pixels),
    ids: Array.from({ length: batch }, (_, i) => [2, 20 + i, 40 + (i % 2), 3]),
    negatives: tensor("float32", [batch, batch], negatives),
    regions: {
      ids: [
        [2, 100, 3],
        [2, 101, 102, 3],
        [2, 103, 3],
      ],
      labels: matrix(labels),
      coverage: tensor("float32", [batch, phrases, cells], coverage),
      labelWeights: matrix(weights),
      denseWeights: matrix(weights),
      shownWeights: matrix(labels.map((label) => label / batch)),
    },
  };
}

async function open(settings: Partial<ContrastiveSettings>, model = nanoClip): Promise<ContrastiveTrainer> {
  const files = await locateClip(await model(writeWords(104)));
  const given = ContrastiveSettings.parse({ regionWeight: 0.5, denseWeight: 2, schedule: "constant", weightDecay: 0, ...settings });
  return await ContrastiveTrainer.open(files, given, { stepsPerEpoch: 10, epochs: 1 });
}

/** The squares, with a noised view of each image. */
function noisedSquares(): TrainingPairs {
  const pairs = squares();
  const noised = noisedViews(pairs.regions!, { grid: 8, width: 32, depth: 2, seed: 1, step: "0/0" });
  return { ...pairs, regions: { ...pairs.regions!, noised } };
}

/** Gradients of all trained tensors, one after the other. */
const gradientOf = (trainer: ContrastiveTrainer) => trainer.trainedNames.flatMap((name) => Array.from(trainer.lastGradient(name)!));
const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

test("gradients of the region terms and of masked negatives in chunks are those of the whole batch", async () => {
  const [whole, chunked] = await Promise.all([open({ chunk: batch, noisedWeight: 3 }), open({ chunk: 2, noisedWeight: 3 })]);
  const [a, b] = [await whole.step(noisedSquares()), await chunked.step(noisedSquares())];
  expect(b.loss).toBeCloseTo(a.loss, 5);
  const [g, h] = [gradientOf(whole), gradientOf(chunked)];
  expect(norm(g.map((value, i) => value - h[i]!)) / norm(g)).toBeLessThan(1e-5);
  await Promise.all([whole.dispose(), chunked.dispose()]);
});

test.each([
  ["both towers", {}],
  ["both towers, in chunks", { chunk: 4 }],
  ["the image tower alone", { freeze: ["text.*"] }],
  ["the text tower alone", { freeze: ["visual.*"] }],
] as const)("a small step of %s along the gradient lowers the loss by the gradient's square", async (_, settings) => {
  const lr = 1e-5;
  const trainer = await open({
    ...settings,
    freeze: [...("freeze" in settings ? settings.freeze : [])],
    noisedWeight: 1,
    optimizer: "sgd",
    momentum: 0,
    lr,
  });
  const first = await trainer.step(noisedSquares());
  const second = await trainer.step(noisedSquares());
  expect(Math.abs((first.loss - second.loss) / (lr * first.gradNorm ** 2) - 1)).toBeLessThan(0.02);
  await trainer.dispose();
});

test("training lowers the loss by more than half of what the region terms are at first", async () => {
  const trainer = await open({ lr: 3e-4 });
  const losses = [];
  for (let i = 0; i < 12; i++) losses.push((await trainer.step(squares())).loss);
  const [contrastive, pairs] = [await open({ lr: 3e-4, regionWeight: 0, denseWeight: 0 }), squares()];
  const without = (await contrastive.step(pairs)).loss;
  const terms = losses[0]! - without; // what the region terms are at first
  expect(terms).toBeGreaterThan(0.5);
  expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.5 * terms);
  await Promise.all([trainer.dispose(), contrastive.dispose()]);
});

test("with a convolutional branch the dense terms act on its finer grid, in chunks as in the whole batch, and are learned", async () => {
  const settings = { lr: 1e-3, diceWeight: 1, presenceWeight: 1 };
  const whole = await open({ ...settings, chunk: batch }, nanoDenseClip);
  const chunked = await open({ ...settings, chunk: 2 }, nanoDenseClip);
  const losses = [];
  for (let i = 0; i < 20; i++) losses.push((await whole.step(squares(16))).loss);
  expect((await chunked.step(squares(16))).loss).toBeCloseTo(losses[0]!, 5);
  expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.5);
  await expect(whole.step(squares(8))).rejects.toThrow("coverage of regions must be [6,3,256], got [6,3,64]");
  await Promise.all([whole.dispose(), chunked.dispose()]);
});

test("regions without weight change nothing, and no pair needs them", async () => {
  const trainers = await Promise.all([1, 2, 3].map(() => open({ regionWeight: 0, denseWeight: 0 })));
  const pairs = squares();
  const { regions: _, ...plain } = pairs;
  const [ignored, absent] = [await trainers[0]!.step(pairs), await trainers[1]!.step(plain)];
  expect(ignored).toEqual(absent);
  const unmasked = await trainers[2]!.step({ pixels: pairs.pixels, ids: pairs.ids });
  expect(unmasked.loss).not.toBe(absent.loss);
  await Promise.all(trainers.map((trainer) => trainer.dispose()));
});

test("a model learns what is left of noised views, which it cannot tell from the whole images", async () => {
  const trainer = await open({ lr: 3e-4, regionWeight: 0, denseWeight: 0, noisedWeight: 1 });
  const pairs = noisedSquares();
  const labels = pairs.regions!.noised!.labels.data;
  expect([...labels].filter((label) => label === 1).length).toBeLessThan(batch); // some squares lie outside of what is kept
  const losses = [];
  for (let i = 0; i < 12; i++) losses.push((await trainer.step(pairs)).loss);
  expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.3);
  await trainer.dispose();
});

test("arrays that do not fit the batch are named", async () => {
  const trainer = await open({});
  const pairs = squares();
  const short = tensor("float32", [batch, 2], new Float32Array(2 * batch));
  await expect(trainer.step({ ...pairs, regions: { ...pairs.regions!, labels: short } })).rejects.toThrow(
    "labels of regions must be [6,3], got [6,2]",
  );
  await expect(trainer.step({ ...pairs, negatives: short })).rejects.toThrow("negatives must be [6,6], got [6,2]");
  await trainer.dispose();
});
