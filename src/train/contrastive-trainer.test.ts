import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { cosines, expectStored, type FineTuneCase, fineTuneCase, pairsOf } from "../../test/support/finetune-cases.ts";
import { randomModel } from "../../test/support/models.ts";
import { describeWith } from "../../test/support/shared-data.ts";
import { locateClip } from "../hub/locate.ts";
import { toFloat32 } from "../tensor/stored-tensor.ts";
import { ContrastiveTrainer } from "./contrastive-trainer.ts";
import { ContrastiveSettings } from "./settings.ts";

const data = "parity/learn/finetune-data.safetensors";

/** Settings of the curves; `total` steps of warm-up and cosine. */
async function open(settings: Partial<ContrastiveSettings>, total = 20): Promise<ContrastiveTrainer> {
  const files = await locateClip(await randomModel("biomedclip-tiny"));
  const parsed = ContrastiveSettings.parse({ lr: 1e-4, warmup: 5, seed: 1, ...settings });
  return await ContrastiveTrainer.open(files, parsed, { stepsPerEpoch: total, epochs: 1 });
}

/** Makes all steps of a curve on batches of 8 and compares what each says; `afterFirst` sees the trainer after one step. */
async function follow(trainer: ContrastiveTrainer, { curve, tensors }: FineTuneCase, lossTolerance: number, afterFirst = () => {}) {
  const all = await pairsOf(0, 32);
  expectClose(cosines(await trainer.features(all)), toFloat32(tensors.get("similarity_before")!), 1e-4, "cosines before");
  const { loss, grad_norm, lr, logit_scale } = curve.steps;
  for (let s = 0; s < loss.length; s++) {
    const at = 8 * (s % 4);
    const found = await trainer.step(await pairsOf(at, at + 8));
    expect(Math.abs(found.loss - loss[s]!), `loss ${s}`).toBeLessThan(lossTolerance);
    expect(Math.abs(found.gradNorm / grad_norm[s]! - 1), `norm ${s}`).toBeLessThan(1e-4);
    expect(found.lr / lr[s]!, `learning rate ${s}`).toBeCloseTo(1, 6);
    expect(Math.abs(found.logitScale - logit_scale[s]!), `logit scale ${s}`).toBeLessThan(2e-6);
    if (s === 0) afterFirst();
  }
  expectClose(cosines(await trainer.features(all)), toFloat32(tensors.get("similarity_after")!), 1e-4, "cosines after");
}

for (const [name, settings] of [
  ["finetune-dhn-nce", {}],
  ["finetune-infonce", { loss: "info-nce", learnTemperature: true }],
] as const) {
  describeWith([data, `parity/learn/${name}.safetensors`], name, () => {
    test("twenty steps have the reference's losses, gradients and weights", async () => {
      const item = await fineTuneCase(name);
      const trainer = await open(settings);
      await follow(trainer, item, 1e-4, () => {
        expect(expectStored(item, "grad0.", (tensor) => trainer.lastGradient(tensor), 2e-4, true)).toBeGreaterThan(20);
      });
      expect(expectStored(item, "final.", (tensor) => trainer.trained(tensor)?.data, 2e-4, false)).toBeGreaterThan(20);
      await trainer.dispose();
    });
  });
}

describeWith([data, "parity/learn/finetune-lora.safetensors"], "LoRA", () => {
  test("ten steps have the reference's losses and adapters; the other weights stay", async () => {
    const item = await fineTuneCase("finetune-lora");
    const trainer = await open({ lr: 1e-2, warmup: 2, weightDecay: 0, loraRank: 4, loraAlpha: 8 }, 10);
    expect(trainer.size).toBe(22_528);
    await follow(trainer, item, 1e-5);
    expect(expectStored(item, "final.", (tensor) => trainer.trained(tensor)?.data, 1e-3, false)).toBe(16);
    expect(trainer.trained("visual.head.proj.weight")).toBeUndefined();
    await trainer.dispose();
  });
});

describeWith([data, "parity/learn/gradcache.safetensors"], "cached gradients", () => {
  test.each([24, 8, 5, 2])("of one loss over 24 pairs in chunks of %d are those of the whole batch", async (chunk) => {
    const item = await fineTuneCase("gradcache");
    const trainer = await open({ chunk });
    const { loss } = await trainer.step(await pairsOf(0, 24));
    expect(loss).toBeCloseTo(6.298391803766531, 4);
    expect(expectStored(item, "grad.", (tensor) => trainer.lastGradient(tensor), 2e-4, true)).toBeGreaterThan(20);
    await trainer.dispose();
  });

  test("differ from the whole batch's by less than 1e-5 of the norm", async () => {
    const pairs = await pairsOf(0, 24);
    const [whole, chunked] = await Promise.all([open({ chunk: 24 }), open({ chunk: 2 })]);
    const { gradNorm } = await whole.step(pairs);
    await chunked.step(pairs);
    let squares = 0;
    for (const name of whole.trainedNames) {
      const [a, b] = [whole.lastGradient(name)!, chunked.lastGradient(name)!];
      for (let i = 0; i < a.length; i++) squares += (a[i]! - b[i]!) ** 2;
    }
    expect(Math.sqrt(squares) / gradNorm).toBeLessThan(1e-5);
    await Promise.all([whole.dispose(), chunked.dispose()]);
  });
});

describeWith([data], "training", () => {
  test("a frozen tower stays as it is while the other one follows", async () => {
    const trainer = await open({ freeze: ["text.*"] });
    const pairs = await pairsOf(0, 8);
    const before = await trainer.features(pairs);
    expect((await trainer.step(pairs)).loss).toBeCloseTo(3.947507437644165, 4); // that of the curve: nothing has moved yet
    const after = await trainer.features(pairs);
    expect(after.text).toEqual(before.text);
    expect(after.image).not.toEqual(before.image);
    expect(trainer.trainedNames.every((name) => name.startsWith("visual."))).toBe(true);
    await trainer.dispose();
  });

  test("the first blocks frozen, the others have the gradients that they have without", async () => {
    const pairs = await pairsOf(0, 8);
    const [all, some] = await Promise.all([open({}), open({ freezeVision: 10, freezeText: 3 })]);
    await Promise.all([all.step(pairs), some.step(pairs)]);
    expect(some.trainedNames.length).toBeLessThan(all.trainedNames.length / 3);
    for (const name of some.trainedNames) {
      const expected = all.lastGradient(name)!;
      expectClose(some.lastGradient(name)!, expected, 1e-4 * Math.max(...expected.map(Math.abs)) + 1e-7, name);
    }
    await Promise.all([all.dispose(), some.dispose()]);
  });

  test("validation has the loss of a step without making it, and a plateau of it lowers the learning rate", async () => {
    const trainer = await open({ schedule: "plateau", patience: 1 });
    const batches = await Promise.all([pairsOf(0, 8), pairsOf(8, 16), pairsOf(16, 17)]);
    const { loss, features } = await trainer.validate(batches);
    const first = await trainer.validate(batches.slice(0, 1));
    expect(first.loss).toBeCloseTo(3.947507437644165, 4);
    expect(loss).toBeCloseTo((first.loss + (await trainer.validate(batches.slice(1, 2))).loss) / 2, 5); // a single pair has no loss
    expect(features.map(({ image }) => image.shape[0])).toEqual([8, 8, 1]);
    expect([1, 0.9, 0.9, 0.95].map((value) => trainer.endEpoch(value))).toEqual([1e-4, 1e-4, 1e-4, 5e-5]);
    await trainer.dispose();
  });
});

describeWith([data], "a run that is stopped and resumed", () => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-train-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["with AdamW", {}],
    ["with SGD, a learned temperature and clipping", { optimizer: "sgd", learnTemperature: true, clipNorm: 1 }],
  ] as const)("%s ends with the same bytes as one that never stopped", async (_, settings) => {
    const batches = await Promise.all([0, 8, 16].map((at) => pairsOf(at, at + 8)));
    const straight = await open(settings);
    for (let s = 0; s < 6; s++) await straight.step(batches[s % 3]!);
    await straight.save(join(folder, "straight.safetensors"), { epoch: 2 });

    const before = await open(settings);
    for (let s = 0; s < 3; s++) await before.step(batches[s]!);
    await before.save(join(folder, "half.safetensors"), { epoch: 1 });
    const after = await open(settings);
    expect(await after.load(join(folder, "half.safetensors"))).toEqual({ epoch: 1 });
    for (let s = 3; s < 6; s++) await after.step(batches[s % 3]!);
    await after.save(join(folder, "resumed.safetensors"), { epoch: 2 });
    expect(readFileSync(join(folder, "resumed.safetensors")).equals(readFileSync(join(folder, "straight.safetensors")))).toBe(true);
    await Promise.all([straight, before, after].map((trainer) => trainer.dispose()));
  });

  test("a checkpoint of other settings is refused with what differs", async () => {
    const [one, other] = [await open({}), await open({ lr: 1e-3 })];
    await one.save(join(folder, "one.safetensors"));
    await expect(other.load(join(folder, "one.safetensors"))).rejects.toThrow("was made with lr 0.0001, not 0.001");
    await Promise.all([one.dispose(), other.dispose()]);
  });
});
