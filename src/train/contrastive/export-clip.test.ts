import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { nanoClip, nanoOpenAiClip } from "../../../test/support/models.ts";
import { nanoOpenAiTensors } from "../../../test/support/openai-names.ts";
import { describeWith, sharedPath } from "../../../test/support/shared-data.ts";
import { locateClip } from "../../hub/locate.ts";
import { ClipModel } from "../../models/clip/index.ts";
import { openAiNames } from "../../models/clip/openai/names.ts";
import { uniform } from "../../tensor/random.ts";
import { openSafetensors, readSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import { fromFloat32, toFloat32 } from "../../tensor/stored-tensor.ts";
import { type DataOf, tensor } from "../../tensor/tensor.ts";
import type { TrainingPairs } from "./gradient.ts";
import { ContrastiveSettings } from "./settings.ts";
import { ContrastiveTrainer } from "./trainer.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-export-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Noise for images, made-up tokens for texts. */
function pairs(count: number, vocabulary: number, side = 32): TrainingPairs {
  const random = uniform("pairs", 1);
  const pixels = Uint8Array.from({ length: count * 3 * side * side }, (_, i) => 256 * random.at(i));
  const ids = Array.from({ length: count }, (_, i) => Array.from({ length: 5 + 3 * i }, (_, k) => (17 * i + 31 * k) % vocabulary));
  return { pixels: tensor("uint8", [count, 3, side, side], pixels), ids };
}

/** Trains a little, exports, and compares the features of the trainer with those of the exported model, opened afresh. */
async function roundTrip(model: string, name: string, settings: Partial<ContrastiveSettings>, tolerance = 1e-5): Promise<string> {
  const files = await locateClip(model);
  const parsed = ContrastiveSettings.parse({ lr: 1e-3, ...settings });
  const trainer = await ContrastiveTrainer.open(files, parsed, { stepsPerEpoch: 2, epochs: 1 });
  const side = trainer.config.vision.imageSize;
  const batch = pairs(3, trainer.config.text.vocabulary, side);
  for (let s = 0; s < 2; s++) await trainer.step(batch);
  const { image, text } = await trainer.features(batch);
  const target = join(folder, name);
  const file = await trainer.exportTo(target);
  await trainer.dispose();

  const { weights, hints } = await locateClip(target);
  expect(weights).toBe(file);
  const clip = await ClipModel.open(weights, hints);
  const plane = side * side;
  for (let i = 0; i < 3; i++) {
    const view = Uint8Array.from({ length: 3 * plane }, (_, k) => batch.pixels.data[(3 * i + (k % 3)) * plane + Math.floor(k / 3)]!);
    const features = await clip.imageFeatures({ width: side, height: side, data: view });
    const width = features.length;
    expectClose(features, image.data.subarray(i * width, (i + 1) * width), tolerance, `image ${i}`);
    expectClose(await clip.textFeatures(batch.ids[i]!), text.data.subarray(i * width, (i + 1) * width), tolerance, `text ${i}`);
  }
  await clip.dispose();
  return file;
}

describe("an exported model gives the trainer's features", () => {
  test("with all weights trained; names and shapes are those of the original", async () => {
    const model = await nanoClip();
    const file = await roundTrip(model, "all", {});
    const [before, after] = await Promise.all([openSafetensors(join(model, "open_clip_model.safetensors")), openSafetensors(file)]);
    const described = ({ tensors }: typeof before) => new Map([...tensors].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
    expect(described(after)).toEqual(described(before));
    expect(existsSync(join(folder, "all", "open_clip_config.json"))).toBe(true);
  });

  test("of OpenAI's family, in its own names and those of Hugging Face, also with LoRA", async () => {
    const model = await nanoOpenAiClip();
    await roundTrip(model, "openai", {});
    await roundTrip(model, "openai-lora", { loraRank: 2, lr: 0.05, loraTargets: ["query", "value", "out", "fc1", "fc2"] });
    const native = join(folder, "native");
    mkdirSync(native);
    copyFileSync(join(model, "config.json"), join(native, "config.json"));
    await writeSafetensors(join(native, "model.safetensors"), await nanoOpenAiTensors(openAiNames.schemes[0]!));
    const file = await roundTrip(native, "native-trained", {});
    const [before, after] = await Promise.all([openSafetensors(join(native, "model.safetensors")), openSafetensors(file)]);
    const shapes = ({ tensors }: typeof before) => new Map([...tensors].map(([name, { shape }]) => [name, shape]));
    expect(shapes(after)).toEqual(shapes(before));
  });

  test("with LoRA, whose adapters are merged; what has none stays the same bytes", async () => {
    const model = await nanoClip();
    const file = await roundTrip(model, "lora", { loraRank: 2, lr: 0.05, loraTargets: ["query", "value", "fc2"] });
    const before = (await readSafetensors(join(model, "open_clip_model.safetensors"))).tensors;
    const after = (await readSafetensors(file)).tensors;
    expect(after.get("visual.trunk.blocks.0.mlp.fc1.weight")).toEqual(before.get("visual.trunk.blocks.0.mlp.fc1.weight"));
    const qkv = "visual.trunk.blocks.0.attn.qkv.weight";
    const rows = (x: typeof before, part: number) => toFloat32(x.get(qkv)!).slice(part * 32 * 32, (part + 1) * 32 * 32);
    expect(rows(after, 1)).toEqual(rows(before, 1)); // keys have no adapter
    expect(rows(after, 0)).not.toEqual(rows(before, 0));
  });

  test("from a file in half precision, within its rounding", async () => {
    const model = await nanoClip();
    const half = join(folder, "half-model");
    mkdirSync(half);
    const { tensors } = await readSafetensors(join(model, "open_clip_model.safetensors"));
    const narrow = [...tensors].map(
      ([name, x]) => [name, tensor("float16", x.shape, fromFloat32("float16", toFloat32(x)) as DataOf<"float16">)] as const,
    );
    await writeSafetensors(join(half, "open_clip_model.safetensors"), Object.fromEntries(narrow));
    copyFileSync(join(model, "open_clip_config.json"), join(half, "open_clip_config.json"));
    // float16 keeps 11 bits of a weight; features have a standard deviation near 1.
    const file = await roundTrip(half, "half", {}, 0.02);
    const { tensors: written } = await openSafetensors(file);
    expect([...written.values()].every(({ dtype }) => dtype === "float16")).toBe(true);
  });

  test("of SigLIP, with its bias", async () => {
    const file = await roundTrip(await nanoClip(), "siglip", { loss: "siglip", learnTemperature: true });
    const { tensors } = await readSafetensors(file);
    expect(toFloat32(tensors.get("logit_bias")!)[0]).not.toBe(-10);
  });
});

describeWith(["parity/clip/mini-port"], "a model of the Hugging Face port", () => {
  test("is exported in the port's names, its fused projection in three parts", async () => {
    const file = await roundTrip(sharedPath("parity/clip/mini-port"), "port", {});
    expect(file.endsWith("model.safetensors")).toBe(true);
    const { tensors } = await openSafetensors(file);
    expect(tensors.has("vision_model.encoder.layers.0.self_attn.q_proj.weight")).toBe(true);
  });
});

describe("settings that cannot work", () => {
  const open = async (settings: Partial<ContrastiveSettings>) =>
    await ContrastiveTrainer.open(await locateClip(await nanoClip()), ContrastiveSettings.parse(settings), {
      stepsPerEpoch: 1,
      epochs: 1,
    });

  test("mixed precision on the CPU is refused", async () => {
    await expect(open({ precision: "mixed" })).rejects.toThrow('"cpu" has none. Use float32.');
  });

  test("a learning rate that ruins the weights ends with the step at which the loss was lost, before it is made", async () => {
    const trainer = await open({ lr: 1e30, schedule: "constant", optimizer: "sgd" });
    const batch = pairs(2, trainer.config.text.vocabulary);
    const run = async () => {
      for (let s = 0; s < 3; s++) await trainer.step(batch);
    };
    await expect(run()).rejects.toThrow(/step \d: the loss is NaN.*A lower learning rate \(--lr\)/);
    await trainer.dispose();
  });

  test("pairs that do not fit are refused", async () => {
    const trainer = await open({});
    const batch = pairs(2, 100);
    await expect(trainer.step({ ...batch, ids: batch.ids.slice(1) })).rejects.toThrow("do not fit 1 texts");
    await expect(trainer.step({ ...batch, ids: [[2, 5], [40_000]] })).rejects.toThrow("text 1 has the token 40000");
    await trainer.dispose();
  });
});
