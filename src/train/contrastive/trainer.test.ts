import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { clipOfCase } from "../../../test/support/clip-cases.ts";
import { expectClose } from "../../../test/support/close.ts";
import {
  cosines,
  expectStored,
  type FineTuneCase,
  type FineTuneFile,
  pairCount,
  pairsOf,
  settingsOf,
} from "../../../test/support/finetune-cases.ts";
import { nanoClip } from "../../../test/support/models.ts";
import { describeCases, describeWith, readCase } from "../../../test/support/shared-data.ts";
import { writeWords } from "../../../test/support/tiny-run.ts";
import { locateClip } from "../../hub/locate.ts";
import { uniform } from "../../tensor/random.ts";
import { toFloat32 } from "../../tensor/stored-tensor.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { TrainingPairs } from "./gradient.ts";
import { ContrastiveSettings } from "./settings.ts";
import { ContrastiveTrainer } from "./trainer.ts";

const data = "parity/learn/finetune-data.safetensors";

/** Pairs of a step of the curves. */
const batch = 8;

/** A trainer on the weights that a case names. */
async function openCase(settings: FineTuneCase["settings"], changes: Partial<ContrastiveSettings> = {}): Promise<ContrastiveTrainer> {
  const files = await locateClip(await clipOfCase({ model: settings.size, seed: settings.seed }));
  const length = { stepsPerEpoch: settings.optimizer?.total ?? 1, epochs: 1 };
  return await ContrastiveTrainer.open(files, { ...settingsOf(settings), ...changes }, length);
}

/** Makes all steps of a curve and compares what each says; `afterFirst` sees the trainer after one step. */
async function follow(trainer: ContrastiveTrainer, { settings, tensors }: FineTuneCase, lossTolerance: number, afterFirst = () => {}) {
  const count = await pairCount();
  const all = await pairsOf(0, count);
  expectClose(cosines(await trainer.features(all)), toFloat32(tensors.get("similarity_before")!), 1e-4, "cosines before");
  const { loss, grad_norm, lr, logit_scale } = settings.steps;
  for (let s = 0; s < loss.length; s++) {
    const at = (batch * s) % count;
    const found = await trainer.step(await pairsOf(at, at + batch));
    expect(Math.abs(found.loss - loss[s]!), `loss ${s}`).toBeLessThan(lossTolerance);
    expect(Math.abs(found.gradNorm / grad_norm[s]! - 1), `norm ${s}`).toBeLessThan(1e-4);
    expect(found.lr / lr[s]!, `learning rate ${s}`).toBeCloseTo(1, 6);
    expect(Math.abs(found.logitScale - logit_scale[s]!), `logit scale ${s}`).toBeLessThan(2e-6);
    if (s === 0) afterFirst();
  }
  expectClose(cosines(await trainer.features(all)), toFloat32(tensors.get("similarity_after")!), 1e-4, "cosines after");
}

describeWith([data], "the reference's curves", () => {
  describeCases<FineTuneFile>("parity/learn", /^finetune-(?!data|lora).*\.safetensors$/, "all weights trained", (files) => {
    test.for(files)("$file: steps have the reference's losses, gradients and weights", async ({ file }) => {
      const item = await readCase<FineTuneFile>("parity/learn", file);
      const trainer = await openCase(item.settings);
      await follow(trainer, item, 1e-4, () => {
        expect(expectStored(item, "grad0.", (tensor) => trainer.lastGradient(tensor), 2e-4, true)).toBeGreaterThan(20);
      });
      expect(expectStored(item, "final.", (tensor) => trainer.trained(tensor)?.data, 2e-4, false)).toBeGreaterThan(20);
      await trainer.dispose();
    });
  });

  describeCases<FineTuneFile>("parity/learn", /^finetune-lora.*\.safetensors$/, "LoRA", (files) => {
    test.for(files)("$file: steps have the reference's losses and adapters; the other weights stay", async ({ file }) => {
      const item = await readCase<FineTuneFile>("parity/learn", file);
      const trainer = await openCase(item.settings);
      expect(trainer.size).toBe(item.settings.parameters);
      await follow(trainer, item, 1e-5);
      const stored = [...item.tensors.keys()].filter((key) => key.startsWith("final."));
      expect(expectStored(item, "final.", (tensor) => trainer.trained(tensor)?.data, 1e-3, false)).toBe(stored.length);
      expect(trainer.trained("visual.head.proj.weight")).toBeUndefined();
      await trainer.dispose();
    });
  });

  describeCases<GradCacheFile>("parity/learn", /^gradcache.*\.safetensors$/, "cached gradients", (files) => {
    test.for(files)("$file: of one loss in chunks are those of the whole batch", async ({ file }) => {
      const item = await readCase<GradCacheFile>("parity/learn", file);
      const { size, seed, loss, loss_settings, differences } = item.settings;
      const chunks = Object.keys(differences).flatMap(
        (key) =>
          key
            .match(/^float64, chunks of (\d+)$/)
            ?.slice(1)
            .map(Number) ?? [],
      );
      const whole = Math.max(...chunks);
      const pairs = await pairsOf(0, whole);
      const optimizer = { ...{ lr: 1e-4, betas: [0.9, 0.98] as const, eps: 1e-6 }, ...{ weight_decay: 0.1, warmup: 0, total: 1 } };
      // The case states no settings of the loss; its README gives those of the curves.
      const settings = { size, seed, optimizer, loss_settings: loss_settings ?? { tau: 0.6, beta: 0.15 }, steps: noSteps };
      let reference: { gradients: Map<string, Float32Array>; norm: number } | undefined;
      for (const chunk of [whole, ...chunks.filter((other) => other !== whole), 2]) {
        const trainer = await openCase(settings, { chunk });
        const found = await trainer.step(pairs);
        expect(found.loss, `loss in chunks of ${chunk}`).toBeCloseTo(loss.float64, 4);
        expect(expectStored(item, "grad.", (tensor) => trainer.lastGradient(tensor), 2e-4, true)).toBeGreaterThan(20);
        const gradients = new Map(trainer.trainedNames.map((name) => [name, trainer.lastGradient(name)!.slice()]));
        reference ??= { gradients, norm: found.gradNorm };
        let squares = 0;
        for (const [name, values] of gradients) {
          const expected = reference.gradients.get(name)!;
          for (let i = 0; i < values.length; i++) squares += (values[i]! - expected[i]!) ** 2;
        }
        expect(Math.sqrt(squares) / reference.norm, `difference of chunks of ${chunk}, as a part of the norm`).toBeLessThan(1e-5);
        await trainer.dispose();
      }
    });
  });
});

interface GradCacheFile extends Pick<FineTuneFile, "size" | "word_rows"> {
  readonly loss: { readonly float64: number };
  readonly loss_settings?: { readonly tau: number; readonly beta: number };
  readonly differences: Readonly<Record<string, unknown>>;
}
const noSteps = { loss: [], grad_norm: [], lr: [], logit_scale: [] };

/** A trainer of the least model; `total` steps of warm-up and cosine. */
async function open(settings: Partial<ContrastiveSettings>, total = 20): Promise<ContrastiveTrainer> {
  const parsed = ContrastiveSettings.parse({ lr: 1e-4, warmup: 5, seed: 1, ...settings });
  return await ContrastiveTrainer.open(await locateClip(await nanoClip(writeWords())), parsed, { stepsPerEpoch: total, epochs: 1 });
}

/** Pairs of made-up pictures and texts for the least model. */
function madeUp(from: number, to: number): TrainingPairs {
  const count = to - from;
  const noise = uniform("pairs", 1);
  const pixels = Uint8Array.from({ length: count * 3 * 32 * 32 }, (_, i) => 256 * noise.at(from * 3 * 32 * 32 + i));
  return {
    pixels: tensor("uint8", [count, 3, 32, 32], pixels),
    ids: Array.from({ length: count }, (_, i) => [2, 5 + ((from + i) % 40), 57, 3]),
  };
}

describe("training", () => {
  test("a frozen tower stays as it is while the other one follows", async () => {
    const trainer = await open({ freeze: ["text.*"] });
    const pairs = madeUp(0, 8);
    const before = await trainer.features(pairs);
    await trainer.step(pairs);
    const after = await trainer.features(pairs);
    expect(after.text).toEqual(before.text);
    expect(after.image).not.toEqual(before.image);
    expect(trainer.trainedNames.every((name) => name.startsWith("visual."))).toBe(true);
    await trainer.dispose();
  });

  test("the first blocks frozen, the others have the gradients that they have without", async () => {
    const pairs = madeUp(0, 8);
    const [all, some] = await Promise.all([open({}), open({ freezeVision: 1, freezeText: 1 })]);
    await Promise.all([all.step(pairs), some.step(pairs)]);
    expect(some.trainedNames.some((name) => name.includes(".blocks.0."))).toBe(false);
    expect(some.trainedNames.length).toBeLessThan(0.7 * all.trainedNames.length);
    for (const name of some.trainedNames) {
      const expected = all.lastGradient(name)!;
      expectClose(some.lastGradient(name)!, expected, 1e-4 * Math.max(...expected.map(Math.abs)) + 1e-7, name);
    }
    await Promise.all([all.dispose(), some.dispose()]);
  });

  test("validation has the loss of a step without making it, and a plateau of it lowers the learning rate", async () => {
    const trainer = await open({ schedule: "plateau", patience: 1 });
    const batches = [madeUp(0, 8), madeUp(8, 16), madeUp(16, 17)];
    const { loss, features } = await trainer.validate(batches);
    const first = await trainer.validate(batches.slice(0, 1));
    const stepped = await open({});
    expect(first.loss).toBeCloseTo((await stepped.step(batches[0]!)).loss, 5);
    await stepped.dispose();
    expect(loss).toBeCloseTo((first.loss + (await trainer.validate(batches.slice(1, 2))).loss) / 2, 5); // a single pair has no loss
    expect(features.map(({ image }) => image.shape[0])).toEqual([8, 8, 1]);
    expect([1, 0.9, 0.9, 0.95].map((value) => trainer.endEpoch(value))).toEqual([1e-4, 1e-4, 1e-4, 5e-5]);
    await trainer.dispose();
  });
});

describe("a run that is stopped and resumed", () => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-train-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["with AdamW", {}],
    ["with SGD, a learned temperature and clipping", { optimizer: "sgd", learnTemperature: true, clipNorm: 1 }],
  ] as const)("%s ends with the same bytes as one that never stopped", async (_, settings) => {
    const batches = [0, 8, 16].map((at) => madeUp(at, at + 8));
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
