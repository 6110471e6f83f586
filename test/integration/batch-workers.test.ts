import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { normal } from "../../src/tensor/random.ts";
import type { BatchPlan, PatchBatch } from "../../src/train/supervised/batches.ts";
import { type TrainingCase, writeCase } from "../../src/train/supervised/case.ts";
import { Cases } from "../../src/train/supervised/case-source.ts";
import { BatchLoader } from "../../src/train/supervised/loader.ts";
import { builtCommand } from "../support/build.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-batch-workers-"));
const files = ["a", "b", "c"].map((name) => join(folder, `${name}.safetensors`));

beforeAll(async () => {
  await builtCommand();
  for (const [i, file] of files.entries()) {
    const [height, width] = [30 + i, 40 - i];
    const labels = new Int16Array(height * width).fill(1, 200, 400);
    const classLocations = [Int32Array.from({ length: 200 }, (_, k) => 200 + k)];
    const one: TrainingCase = {
      name: file,
      channels: 1,
      height,
      width,
      data: normal(file, 1, height * width),
      labels,
      classLocations,
      weight: 1,
    };
    await writeCase(file, one);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const plan: BatchPlan = {
  seed: 1,
  batch: 3,
  channels: 1,
  patch: [24, 24],
  targetStrides: [
    [1, 1],
    [2, 2],
  ],
  mode: "paper",
  maskedChannels: [false],
};
const length = { stepsPerEpoch: 3, validationSteps: 2, epochs: 2 };

async function open(workers: number, memory?: number): Promise<BatchLoader> {
  const cases = await Cases.open(files, { memory });
  return BatchLoader.open({ training: cases, validation: cases }, plan, { ...length, workers });
}

/** All batches of a training that resumes at a step of the first epoch. */
async function all(loader: BatchLoader, from = 0): Promise<PatchBatch[]> {
  const found: PatchBatch[] = [];
  for (let epoch = 0; epoch < length.epochs; epoch++) {
    for (let step = epoch === 0 ? from : 0; step < length.stepsPerEpoch; step++) found.push(await loader.training(epoch, step));
    for (let index = 0; index < length.validationSteps; index++) found.push(await loader.validation(epoch, index));
  }
  await loader.dispose();
  return found;
}

test("a training has the same batches without threads, with one and with three, from memory and from files", async () => {
  const expected = await all(await open(0));
  expect(expected).toHaveLength(10);
  for (const [workers, memory] of [
    [1, undefined],
    [3, 0],
  ] as const) {
    const loader = await open(workers, memory);
    expect(loader.size).toBe(workers);
    expect(await all(loader)).toEqual(expected);
  }
  expect(await all(await open(1), 2)).toEqual(expected.slice(2));
});

test("a file that is gone is named, and a loader that was closed says so", async () => {
  const loader = BatchLoader.open({ training: new Cases([{ file: join(folder, "none.safetensors") }]) }, plan, { ...length, workers: 1 });
  await expect(loader.training(0, 0)).rejects.toThrow("none.safetensors");
  await loader.dispose();
  await expect(loader.training(1, 2)).rejects.toThrow("the threads that make batches were disposed of");
});
