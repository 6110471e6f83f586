import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import type { UNetConfig } from "../../models/unet/index.ts";
import { normal } from "../../tensor/random.ts";
import { writeSafetensorsStream } from "../../tensor/safetensors.ts";
import { bestCheckpoint, lastCheckpoint, modelFolder } from "../folder.ts";
import { readMetrics } from "../log.ts";
import type { LoopEvent } from "../loop.ts";
import { BatchMaker } from "./batches.ts";
import type { TrainingCase } from "./case.ts";
import { Cases } from "./case-source.ts";
import { initialWeights } from "./initial-weights.ts";
import { SupervisedSettings } from "./settings.ts";
import { type TrainSupervisedOptions, trainSupervised } from "./train.ts";
import { type SegmentationPlan, SupervisedTrainer, type WriteNetwork } from "./trainer.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-supervised-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write: WriteNetwork = async (to, { tensors, valuesOf }, checkpoint) => {
  const file = join(to, `${checkpoint}.safetensors`);
  await writeSafetensorsStream(
    file,
    [...tensors].map(([name, shape]) => ({ name, shape, dtype: "float32" })),
    ({ name }) => valuesOf(name),
  );
  return file;
};

const network: UNetConfig = {
  kind: "plain",
  inputChannels: 1,
  outputs: 2,
  stages: [
    { features: 4, kernel: [3, 3], stride: [1, 1], blocks: 1 },
    { features: 6, kernel: [3, 3], stride: [2, 2], blocks: 1 },
    { features: 8, kernel: [3, 3], stride: [2, 2], blocks: 1 },
  ],
  decoderConvs: [1, 1],
  convBias: true,
  normEps: 1e-5,
  slope: 0.01,
};
const plan: SegmentationPlan = { network, patch: [16, 16], batch: 3, batchDice: true, isWeighted: false };

/** Bright discs on noise. */
function discs(count: number, changes: Partial<TrainingCase> = {}): TrainingCase[] {
  return Array.from({ length: count }, (_, i) => {
    const [height, width] = [20 + i, 24 - i];
    const data = normal(`disc ${i}`, 1, height * width);
    const labels = new Int16Array(height * width);
    const pixels: number[] = [];
    for (let p = 0; p < labels.length; p++) {
      if (Math.hypot((p % width) - 8 - i, Math.floor(p / width) - 9) > 5) continue;
      data[p] = data[p]! + 3;
      labels[p] = 1;
      pixels.push(p);
    }
    return { name: `${i}`, channels: 1, height, width, data, labels, classLocations: [Int32Array.from(pixels)], weight: 1, ...changes };
  });
}

interface Run {
  readonly settings?: Partial<SupervisedSettings>;
  readonly plan?: Partial<SegmentationPlan>;
  readonly training?: readonly TrainingCase[];
  readonly validation?: readonly TrainingCase[] | undefined;
  readonly options?: Partial<TrainSupervisedOptions>;
  /** Stops the run after a step, as a kill would. */
  readonly killedAfter?: number;
}

/** Two epochs of four steps, unless the options say otherwise. */
async function train(name: string, { settings, plan: changed, training = discs(4), validation, options, killedAfter }: Run = {}) {
  const out = join(folder, name);
  const all = { out, epochs: 2, stepsPerEpoch: 4, validationSteps: 2, seed: 1, classNames: ["disc"], workers: 0, ...options };
  const trainer = new SupervisedTrainer({ ...plan, ...changed }, SupervisedSettings.parse(settings ?? {}), all, {
    seed: all.seed,
    write,
  });
  const sets = { training: Cases.of(training), validation: validation && Cases.of(validation) };
  const events: LoopEvent[] = [];
  try {
    for await (const event of trainSupervised(trainer, sets, all)) {
      events.push(event);
      if (event.type === "step" && event.line.step === killedAfter) break;
    }
  } finally {
    await trainer.dispose();
  }
  return { out, events, ...(await readMetrics(out)) };
}

const hashOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
/** Names and hashes of all checkpoints of the model. */
const checkpoints = (out: string) =>
  new Map(
    readdirSync(modelFolder(out))
      .sort()
      .map((name) => [name.replace(".safetensors", ""), hashOf(join(modelFolder(out), name))]),
  );

test("a training that was killed and goes on ends with the bytes of an uninterrupted one", async () => {
  const run = { validation: discs(2), settings: { keep: "late" }, options: { checkpointEvery: 1 } } as const;
  const whole = await train("whole", run);
  await train("killed", { ...run, killedAfter: 3 });
  await train("killed", { ...run, killedAfter: 6 });
  const resumed = await train("killed", run);
  for (const file of [lastCheckpoint, bestCheckpoint]) expect(hashOf(file(resumed.out))).toBe(hashOf(file(whole.out)));
  expect([...checkpoints(whole.out).keys()]).toEqual(["checkpoint_0", "checkpoint_1", "checkpoint_best", "checkpoint_final"]);
  expect(checkpoints(resumed.out)).toEqual(checkpoints(whole.out));
  const reproducible = ({ steps, epochs }: Pick<typeof whole, "steps" | "epochs">) => ({
    steps: steps.map(({ rate: _, ...line }) => line),
    epochs,
  });
  expect(reproducible(resumed)).toEqual(reproducible(whole));
});

test("it learns discs, and the best epoch is that of the highest moving average", async () => {
  const settings = { momentum: 0.9 };
  const { steps, epochs, events } = await train("learns", { validation: discs(3), settings, options: { epochs: 4, stepsPerEpoch: 15 } });
  expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]); // random weights are not scored
  expect(epochs.at(-1)!.metrics.pseudo_dice).toBeGreaterThan(0.8);
  let average = epochs[0]!.metrics.pseudo_dice!;
  for (const { metrics } of epochs.slice(1)) {
    average = 0.9 * average + 0.1 * metrics.pseudo_dice!;
    expect(metrics.pseudo_dice_average).toBeCloseTo(average, 12);
  }
  expect(events[0]).toMatchObject({ type: "start", chosenBy: "pseudo_dice_average" });
  for (const { rate } of steps) expect(rate).toMatchObject({ unit: "sample", waited: expect.any(Number) });
  for (const { epoch, lr } of steps) expect(lr).toBeCloseTo(0.01 * (1 - (epoch - 1) / 4) ** 0.9, 12); // once per epoch
});

test("without a validation set nothing is chosen on training cases: the last model is kept", async () => {
  const { out, epochs, events } = await train("all");
  expect(epochs).toEqual([]);
  expect(checkpoints(out).get("checkpoint_best")).toBe(checkpoints(out).get("checkpoint_final"));
  expect(events.findLast(({ type }) => type === "epoch")).toMatchObject({
    line: undefined,
    position: { best: { epoch: 2, scores: null } },
  });
});

test("cycles restart the learning rate, and their checkpoints stay", async () => {
  const options = { epochs: 22, stepsPerEpoch: 1 };
  const { out, steps } = await train("cycles", { settings: { cycles: 2, keep: "late" }, options });
  expect(steps.map(({ lr }) => lr).filter((lr) => lr === 0.1)).toHaveLength(2);
  expect(steps[11]!.lr).toBe(0.1);
  const late = [...Array.from({ length: 10 }, (_, i) => 1 + i), ...Array.from({ length: 10 }, (_, i) => 12 + i)];
  const kept = checkpoints(out);
  expect(new Set(kept.keys())).toEqual(new Set(["checkpoint_best", "checkpoint_final", ...late.map((epoch) => `checkpoint_${epoch}`)]));
  expect(kept.get("checkpoint_21")).toBe(kept.get("checkpoint_final"));
});

test("cycles that do not divide the epochs are refused before anything is written", async () => {
  await expect(train("uneven", { settings: { cycles: 3 } })).rejects.toThrow("2 epochs cannot be divided into 3 cycles");
});

test("a case of weight 0 changes nothing", async () => {
  const two = discs(2);
  // The second case says the opposite of the first.
  const wrong = { ...two[1]!, labels: two[1]!.labels.map((label) => 1 - label) };
  const losses = async (weight: number, one: TrainingCase) => {
    const training = [two[0]!, { ...one, weight }];
    return (await train(`weight ${weight} ${one === wrong}`, { training, plan: { isWeighted: true } })).steps.map(({ loss }) => loss);
  };
  expect(await losses(0, wrong)).toEqual(await losses(0, two[1]!));
  expect(await losses(1, wrong)).not.toEqual(await losses(1, two[1]!));
});

/** A batch of two discs, and a trainer for it. */
async function single(settings: Partial<SupervisedSettings>, changed: Partial<SegmentationPlan> = {}) {
  const sizes = {
    seed: 1,
    batch: 3,
    channels: 1,
    patch: [16, 16],
    targetStrides: [
      [1, 1],
      [2, 2],
    ],
    mode: "paper",
    maskedChannels: [false],
  } as const;
  const batch = await new BatchMaker({ training: Cases.of(discs(2)) }, sizes).make({ set: "training", step: 0 });
  const start = { seed: 1, write };
  const trainer = new SupervisedTrainer(
    { ...plan, ...changed },
    SupervisedSettings.parse(settings),
    { stepsPerEpoch: 1, epochs: 2 },
    start,
  );
  return { batch: { ...batch, targets: batch.targets.slice(0, trainer.targetStrides.length) }, trainer };
}

// Cross-entropy 0 and Dice 1.
test("where all pixels are ignored the loss is -1, its gradient 0, and none is counted", async () => {
  const { batch, trainer } = await single({}, { ignoreLabel: 2 });
  const targets = batch.targets.map((target) => ({ ...target, data: target.data.map(() => 2) }));
  expect(await trainer.score({ ...batch, targets })).toEqual({ loss: -1, counts: [{ tp: 0, fp: 0, fn: 0 }] });
  expect(await trainer.step({ ...batch, targets })).toMatchObject({ loss: -1, gradNorm: 0 });
  await trainer.dispose();
});

test("in paper mode the head that no loss reads stays as it was; in reference mode weight decay shrinks it", async () => {
  for (const mode of ["paper", "reference"] as const) {
    const { batch, trainer } = await single({ mode, weightDecay: 0.1 });
    const before = trainer.trained("decoder.seg_layers.0.weight")!.data;
    await trainer.step(batch);
    const after = trainer.trained("decoder.seg_layers.0.weight")!.data;
    // g = 0.1 θ, and the first step takes 0.01 (g + 0.99 g) off θ.
    const factor = mode === "paper" ? 1 : 1 - 0.01 * 1.99 * 0.1;
    const expected = before.map((value) => factor * value);
    expectClose(after, expected, 1e-7);
    await trainer.dispose();
  }
});

test("initial weights have the variance of He's rule, and depend on the seed", () => {
  const values = initialWeights("decoder.transpconvs.0.weight", [32, 16, 2, 2], 1); // fan-in 16 · 4
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  expect(variance).toBeCloseTo(2 / 1.0001 / 64, 2);
  expect(initialWeights("decoder.transpconvs.0.weight", [32, 16, 2, 2], 2)).not.toEqual(values);
  expect([...initialWeights("encoder.stages.0.0.convs.0.norm.weight", [2], 1)]).toEqual([1, 1]);
  expect([...initialWeights("encoder.stages.0.blocks.0.conv2.norm.weight", [2], 1)]).toEqual([0, 0]);
  expect([...initialWeights("encoder.stages.0.0.convs.0.conv.bias", [2], 1)]).toEqual([0, 0]);
});
