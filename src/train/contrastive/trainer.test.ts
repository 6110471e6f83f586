import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { contrastiveCurves } from "../../../test/support/contrastive-curves.ts";
import { nanoClip } from "../../../test/support/models.ts";
import { writeWords } from "../../../test/support/tiny-run.ts";
import { locateClip } from "../../hub/locate.ts";
import { uniform } from "../../tensor/random.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { TrainingPairs } from "./gradient.ts";
import { ContrastiveSettings } from "./settings.ts";
import { ContrastiveTrainer } from "./trainer.ts";

// The whole curves, and those of another loss, are compared in the slow tests.
contrastiveCurves(2, /^finetune-dhn-nce\.safetensors$/);

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
