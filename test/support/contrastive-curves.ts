import { expect, test } from "vitest";
import { locateClip } from "../../src/hub/locate.ts";
import { toFloat32 } from "../../src/tensor/stored-tensor.ts";
import type { ContrastiveSettings } from "../../src/train/contrastive/settings.ts";
import { ContrastiveTrainer } from "../../src/train/contrastive/trainer.ts";
import { clipOfCase } from "./clip-cases.ts";
import { expectClose } from "./close.ts";
import { cosines, expectStored, type FineTuneCase, type FineTuneFile, pairCount, pairsOf, settingsOf } from "./finetune-cases.ts";
import { describeCases, describeWith, readCase } from "./shared-data.ts";

const data = "parity/learn/finetune-data.safetensors";

/** Pairs of a step of the curves. */
const batch = 8;

/** A trainer on the weights that a case names. */
async function openCase(settings: FineTuneCase["settings"], changes: Partial<ContrastiveSettings> = {}): Promise<ContrastiveTrainer> {
  const files = await locateClip(await clipOfCase({ model: settings.size, seed: settings.seed }));
  const length = { stepsPerEpoch: settings.optimizer?.total ?? 1, epochs: 1 };
  return await ContrastiveTrainer.open(files, { ...settingsOf(settings), ...changes }, length);
}

interface Following {
  readonly lossTolerance: number;
  /** How many steps to run; a full curve is also compared at its end. */
  readonly steps: number;
  readonly afterFirst?: () => void;
}

/** Runs steps of a curve and compares their metrics; `afterFirst` gets the trainer after one step. @returns whether the end was reached */
async function follow(trainer: ContrastiveTrainer, { settings, tensors }: FineTuneCase, following: Following): Promise<boolean> {
  const { lossTolerance, afterFirst } = following;
  const count = await pairCount();
  const { loss, grad_norm, lr, logit_scale } = settings.steps;
  const steps = Math.min(following.steps, loss.length);
  // The pairs of the first step alone, unless the whole curve is followed.
  const compared = steps < loss.length ? batch : count;
  const some = await pairsOf(0, compared);
  const before = toFloat32(tensors.get("similarity_before")!).filter((_, i) => Math.floor(i / count) < compared && i % count < compared);
  expectClose(cosines(await trainer.features(some)), before, 1e-4, "cosines before");
  for (let s = 0; s < steps; s++) {
    const at = (batch * s) % count;
    const found = await trainer.step(await pairsOf(at, at + batch));
    expect(Math.abs(found.loss - loss[s]!), `loss ${s}`).toBeLessThan(lossTolerance);
    expect(Math.abs(found.gradNorm / grad_norm[s]! - 1), `norm ${s}`).toBeLessThan(1e-4);
    expect(found.lr / lr[s]!, `learning rate ${s}`).toBeCloseTo(1, 6);
    expect(Math.abs(found.logitScale - logit_scale[s]!), `logit scale ${s}`).toBeLessThan(2e-6);
    if (s === 0) afterFirst?.();
  }
  if (steps < loss.length) return false;
  expectClose(cosines(await trainer.features(some)), toFloat32(tensors.get("similarity_after")!), 1e-4, "cosines after");
  return true;
}

/**
 * Compares trainings of the tiny CLIP with the reference's.
 *
 * @param steps - of each curve; by default all
 * @param whole - names of the files of curves in which all weights are trained
 */
export function contrastiveCurves(steps = Number.POSITIVE_INFINITY, whole = /^finetune-(?!data|lora).*\.safetensors$/): void {
  describeWith([data], "the reference's curves", () => curves(steps, whole));
}

function curves(steps: number, whole: RegExp): void {
  describeCases<FineTuneFile>("parity/learn", whole, "all weights trained", (files) => {
    test.for(files)("$file: steps have the reference's losses, gradients and weights", async ({ file }) => {
      const item = await readCase<FineTuneFile>("parity/learn", file);
      const trainer = await openCase(item.settings);
      const afterFirst = () =>
        expect(expectStored(item, "grad0.", (tensor) => trainer.lastGradient(tensor), 2e-4, true)).toBeGreaterThan(20);
      if (await follow(trainer, item, { lossTolerance: 1e-4, steps, afterFirst }))
        expect(expectStored(item, "final.", (tensor) => trainer.trained(tensor)?.data, 2e-4, false)).toBeGreaterThan(20);
      await trainer.dispose();
    });
  });

  describeCases<FineTuneFile>("parity/learn", /^finetune-lora.*\.safetensors$/, "LoRA", (files) => {
    test.for(files)("$file: steps have the reference's losses and adapters; the other weights stay", async ({ file }) => {
      const item = await readCase<FineTuneFile>("parity/learn", file);
      const trainer = await openCase(item.settings);
      expect(trainer.size).toBe(item.settings.parameters);
      const stored = [...item.tensors.keys()].filter((key) => key.startsWith("final."));
      if (await follow(trainer, item, { lossTolerance: 1e-5, steps }))
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
      const others = [...chunks.filter((other) => other !== whole), 2];
      // Without the whole curves, chunks that leave a smaller one at the end.
      for (const chunk of [whole, ...(Number.isFinite(steps) ? others.filter((other) => whole % other !== 0) : others)]) {
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
}

interface GradCacheFile extends Pick<FineTuneFile, "size" | "word_rows"> {
  readonly loss: { readonly float64: number };
  readonly loss_settings?: { readonly tau: number; readonly beta: number };
  readonly differences: Readonly<Record<string, unknown>>;
}
const noSteps = { loss: [], grad_norm: [], lr: [], logit_scale: [] };
