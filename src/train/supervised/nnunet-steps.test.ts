import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { describeWith, readCase } from "../../../test/support/shared-data.ts";
import { type Architecture, configOf, field } from "../../../test/support/unet-cases.ts";
import { normal } from "../../tensor/random.ts";
import { recipeTensor } from "../../tensor/recipe.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { PatchBatch } from "./batches.ts";
import { lowerTarget } from "./lower-targets.ts";
import { SupervisedSettings } from "./settings.ts";
import { type SegmentationPlan, SupervisedTrainer } from "./trainer.ts";

const file = "parity/nnunet/train_50steps.safetensors";

interface Settings {
  readonly architecture: Architecture;
  readonly input_channels: number;
  readonly num_classes: number;
  readonly batch: number;
  readonly batches_cycled: number;
  readonly size: number;
  readonly steps: number;
}

/** Batch `number` of the case, by the recipe of its README. */
function batchOf(number: number, { batch, size }: Settings, seed: number): PatchBatch {
  const pixels = size * size;
  const noise = normal(`train/${number}/noise`, seed, batch * 2 * pixels);
  const images = new Float32Array(batch * 2 * pixels);
  const target = new Int16Array(batch * pixels);
  for (let j = 0; j < batch; j++) {
    const [f0, f1] = [0, 1].map((c) => field(`train/${number}/${j}/${c}`, size, size, seed)) as [Float64Array, Float64Array];
    for (let p = 0; p < pixels; p++) {
      images[2 * j * pixels + p] = f0[p]! + 0.7 * noise[2 * j * pixels + p]!;
      images[(2 * j + 1) * pixels + p] = 0.5 * f1[p]! + 0.3 * f0[p]! + 0.7 * noise[(2 * j + 1) * pixels + p]!;
      target[j * pixels + p] = f0[p]! + 0.3 * f1[p]! >= 0.5 ? 1 : 0;
    }
  }
  return {
    images: tensor("float32", [batch, 2, size, size], images),
    targets: [1, 2].map((stride) => {
      const lower = lowerTarget({ height: batch * size, width: size, data: target }, [stride, stride]); // images lie below one another
      return tensor("int16", [batch, 1, size / stride, size / stride], Int16Array.from(lower.data));
    }),
    weights: tensor("float32", [batch], new Float32Array(batch).fill(1)),
    names: Array.from({ length: batch }, (_, j) => `${number}/${j}`),
  };
}

describeWith([file], "50 steps of nnU-Net's training", async () => {
  const { tensors, settings } = await readCase<Settings>(file);
  const data = (name: string) => tensors.get(name)!.data as Float32Array;
  const batches = Array.from({ length: settings.batches_cycled }, (_, number) => batchOf(number, settings, settings.seed));
  const plan: SegmentationPlan = {
    network: configOf(settings.architecture, settings.input_channels, settings.num_classes),
    patch: [settings.size, settings.size],
    batch: settings.batch,
    batchDice: true,
    isWeighted: false,
  };
  const length = { stepsPerEpoch: settings.batches_cycled, epochs: settings.steps / settings.batches_cycled };
  const names = [...tensors.keys()].flatMap((name) => (name.startsWith("float32/after50/") ? name.slice("float32/after50/".length) : []));

  test("batches are made by the recipe", () => {
    expectClose(batches[0]!.images.data, data("input_batch0"), 1e-6);
    expect(Array.from(batches[0]!.targets[0]!.data)).toEqual(Array.from(tensors.get("target_batch0")!.data as Int32Array));
  });

  const tolerances = [
    [0, 1, 1e-6],
    [1, 10, 1e-3],
    [10, 25, 5e-3],
    [25, 50, 1e-2],
  ] as const;
  const variants = [
    { variant: "float32", clipNorm: 12 },
    { variant: "float64_clip1", clipNorm: 1 },
  ] as const;
  test.each(variants)("losses, gradients and weights are those of $variant", async ({ variant, clipNorm }) => {
    const initial = (name: string, shape: readonly number[]) => recipeTensor("unet", name, shape, settings.seed);
    const start = { seed: 1, initial, write: async () => "" };
    const trainer = new SupervisedTrainer(plan, SupervisedSettings.parse({ mode: "reference", clipNorm }), length, start);
    try {
      const [losses, norms]: number[][] = [[], []];
      for (let step = 0; step < settings.steps; step++) {
        const { loss, gradNorm, lr } = await trainer.step(batches[step % batches.length]!);
        expect(lr).toBeCloseTo(0.01 * (1 - Math.floor(step / 5) / 10) ** 0.9, 12);
        losses!.push(loss);
        norms!.push(gradNorm);
        if (step > 0) continue;
        // The case has the gradients as they were clipped.
        const factor = Math.min(1, clipNorm / gradNorm);
        for (const name of names) {
          const gradient = trainer.lastGradient(name)!.subarray(0, 256);
          const clipped = gradient.map((value) => factor * value);
          expectClose(clipped, data(`${variant}/grad_step0/${name}`), 1e-5, name);
        }
      }
      const expected = data(`${variant}/loss`);
      for (const [from, to, tolerance] of tolerances)
        expectClose(losses!.slice(from, to), expected.subarray(from, to), tolerance, `losses of steps ${from + 1} to ${to}`);
      for (const [step, norm] of data(`${variant}/grad_norm_before_clip`).entries())
        expect(Math.abs(norms![step]! / norm - 1), `norm of step ${step + 1}`).toBeLessThan(0.05);
      for (const name of names) {
        const { data: found } = trainer.trained(name)!;
        expectClose(found.subarray(0, 256), data(`${variant}/after50/${name}`), 1e-2, name);
      }
    } finally {
      await trainer.dispose();
    }
  });
});
