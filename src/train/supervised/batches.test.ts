import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { normal } from "../../tensor/random.ts";
import { BatchMaker, type BatchPlan, type PatchBatch } from "./batches.ts";
import { bytesOfCase, readCase, type TrainingCase, writeCase } from "./case.ts";
import { Cases } from "./case-source.ts";
import { cropCase, drawCorner } from "./crop.ts";
import { BatchLoader } from "./loader.ts";
import type { Extent } from "./patches.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-batches-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A case with one foreground pixel, at its middle. */
function caseOf(name: string, height: number, width: number, changes: Partial<TrainingCase> = {}): TrainingCase {
  const middle = Math.floor(height / 2) * width + Math.floor(width / 2);
  const labels = new Int16Array(height * width);
  labels[middle] = 1;
  const data = normal(name, 1, 2 * height * width);
  return { name, channels: 2, height, width, data, labels, classLocations: [Int32Array.of(middle)], weight: 1, ...changes };
}

const cases = [caseOf("a", 20, 24), caseOf("b", 12, 40, { weight: 0.5 }), caseOf("c", 33, 17)];
const plan: BatchPlan = {
  seed: 3,
  batch: 4,
  channels: 2,
  patch: [16, 16],
  targetStrides: [
    [1, 1],
    [2, 2],
  ],
  mode: "paper",
  maskedChannels: [false, false],
};

const maker = (changes: Partial<BatchPlan> = {}, source = Cases.of(cases)) =>
  new BatchMaker({ training: source, validation: source }, { ...plan, ...changes });

test("a batch depends on the seed and the step alone", async () => {
  const [first, again, other, seeded] = [
    await maker().make({ set: "training", step: 5 }),
    await maker().make({ set: "training", step: 5 }),
    await maker().make({ set: "training", step: 6 }),
    await maker({ seed: 4 }).make({ set: "training", step: 5 }),
  ];
  expect(again).toEqual(first);
  expect(other.images).not.toEqual(first.images);
  expect(seeded.images).not.toEqual(first.images);
  expect(first.images.shape).toEqual([4, 2, 16, 16]);
  expect(first.targets.map(({ shape }) => shape)).toEqual([
    [4, 1, 16, 16],
    [4, 1, 8, 8],
  ]);
});

test("weights are those of the cases drawn, and outside of an image is background", async () => {
  for (let step = 0; step < 20; step++) {
    const { names, weights, targets } = await maker().make({ set: "training", step });
    expect([...weights.data]).toEqual(names.map((name) => (name === "b" ? 0.5 : 1)));
    for (const { data } of targets) expect(Math.min(...data)).toBe(0);
  }
});

// round(4 · 0.67) = 3: the fourth crop has its middle at the foreground pixel, (20/2, 24/2).
test("the last third of a validation batch is cut around foreground, without augmentation", async () => {
  for (let index = 0; index < 10; index++) {
    const { targets, images } = await maker({}, Cases.of([cases[0]!])).make({ set: "validation", epoch: 2, index });
    expect(targets[0]!.data[3 * 256 + 8 * 16 + 8]).toBe(1);
    const middle = cropCase(cases[0]!, [2, 4], [16, 16]);
    expect(images.data.subarray(3 * 512)).toEqual(middle.image.data);
  }
});

test("every case is drawn, as often as the others", async () => {
  const counts = new Map<string, number>();
  for (let step = 0; step < 150; step++) {
    const { names } = await maker({ patch: [4, 4], targetStrides: [[1, 1]] }).make({ set: "training", step });
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  for (const name of ["a", "b", "c"]) expect(Math.abs(counts.get(name)! - 200)).toBeLessThan(50); // more than four standard deviations
});

test("channels that were normalised inside of a mask are 0 outside of the image", async () => {
  const flat = cases.map((one) => ({ ...one, data: one.data.map(() => 7) }));
  const { images, targets } = await maker({ maskedChannels: [true, false], batch: 12 }, Cases.of(flat)).make({ set: "training", step: 1 });
  const plane = 256;
  expect(targets[0]!.shape[0]).toBe(12);
  let [masked, free] = [0, 0];
  for (let b = 0; b < 12; b++) {
    for (let i = 0; i < plane; i++) {
      if (images.data[2 * b * plane + i] === 0) masked++;
      if (images.data[(2 * b + 1) * plane + i] === 0) free++;
    }
  }
  expect(masked).toBeGreaterThan(free);
});

const draws = (...values: number[]) => ({ at: (index: number) => values[index]! });
const sizes = (initial: Extent, final: Extent, isForced = false) => ({ initial, final, isForced });

// The image of 20 x 24 lies wholly in a crop of 40 x 40; need = max(8, 20) and max(8, 16).
test("a crop that is larger than the image contains all of it", () => {
  const one = cases[0]!;
  const corner = drawCorner(one, draws(0, 0, 0.4, 0.9), sizes([40, 40], [32, 32]));
  expect(corner).toEqual([-10, -8]);
  const { image, labels } = cropCase(one, corner, [40, 40]);
  expect(image.data[0]).toBe(0);
  expect(labels.data[0]).toBe(-1);
  expect(image.data[10 * 40 + 8]).toBe(one.data[0]);
  expect(labels.data[20 * 40 + 20]).toBe(1);
});

test("a forced crop has a pixel of a class that is there in its middle, and may end behind the image", () => {
  const last = 20 * 24 - 1;
  const one = caseOf("corner", 20, 24, { classLocations: [new Int32Array(0), Int32Array.of(last)] });
  expect(drawCorner(one, draws(0.99, 0, 0, 0), sizes([8, 8], [8, 8], true))).toEqual([15, 19]);
  const [top] = drawCorner(caseOf("edge", 20, 24, { classLocations: [Int32Array.of(0)] }), draws(0, 0, 0, 0), sizes([8, 8], [8, 8], true));
  expect(top).toBe(0); // no earlier than a random crop
});

test("without foreground a forced crop is a random one; with an ignore label random ones are cut around annotated pixels", () => {
  const empty = caseOf("empty", 20, 24, { classLocations: [new Int32Array(0)] });
  expect(drawCorner(empty, draws(0, 0, 0.5, 0.999), sizes([8, 8], [8, 8], true))).toEqual([6, 16]);
  const annotated = { ...empty, annotated: Int32Array.of(10 * 24 + 12) };
  expect(drawCorner(annotated, draws(0, 0, 0, 0), sizes([8, 8], [8, 8]))).toEqual([6, 8]);
});

test("a case of a file is the same, whether it is held in memory or read each time", async () => {
  const ignored = caseOf("with an ignore label", 9, 7, { annotated: Int32Array.of(1, 5), weight: 0.25 });
  const all = [...cases, ignored];
  const files = all.map(({ name }) => join(folder, `${name}.safetensors`));
  for (const [i, file] of files.entries()) await writeCase(file, all[i]!);
  expect(await readCase(files[3]!)).toEqual(ignored);
  const few = await Cases.open(files, { memory: bytesOfCase(all[0]!) + bytesOfCase(all[1]!) });
  const whole = await Cases.open(files);
  expect([few.heldCount, whole.heldCount]).toEqual([2, 4]);
  for (let step = 0; step < 3; step++) {
    const batch = await maker({}, few).make({ set: "training", step });
    expect(await maker({}, whole).make({ set: "training", step })).toEqual(batch);
    expect(await maker({}, Cases.of(all)).make({ set: "training", step })).toEqual(batch);
  }
});

test("a file that is no case is refused by name", async () => {
  const file = join(folder, "other.safetensors");
  const { writeSafetensors } = await import("../../tensor/safetensors.ts");
  await writeSafetensors(file, {});
  await expect(Cases.open([file])).rejects.toThrow(`"${file}" is no preprocessed case`);
});

test("the loader gives the batches of the training and of the validation in their order", async () => {
  const source = Cases.of(cases);
  const loader = BatchLoader.open({ training: source, validation: source }, plan, {
    workers: 0,
    stepsPerEpoch: 3,
    validationSteps: 2,
    epochs: 2,
  });
  const found: PatchBatch[] = [await loader.training(1, 2), await loader.validation(1, 1)];
  expect(found).toEqual([await maker().make({ set: "training", step: 5 }), await maker().make({ set: "validation", epoch: 1, index: 1 })]);
  await loader.dispose();
});
