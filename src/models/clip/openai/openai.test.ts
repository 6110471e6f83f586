import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../../test/support/close.ts";
import { nanoOpenAiClip } from "../../../../test/support/models.ts";
import { nanoOpenAiTensors } from "../../../../test/support/openai-names.ts";
import { describeWith, sharedJson } from "../../../../test/support/shared-data.ts";
import { locateClip } from "../../../hub/locate.ts";
import { writeSafetensors } from "../../../tensor/safetensors.ts";
import { tensor } from "../../../tensor/tensor.ts";
import { clipPresets, clipTensorsIn } from "../families.ts";
import { ClipModel } from "../index.ts";
import { huggingFace, openAiNames } from "./names.ts";

describeWith(["parity/clip/names-openai.json"], "names and shapes", () => {
  test("of clip-vit-b-16 are those of Hugging Face's library", () => {
    const { transformers } = sharedJson<{ transformers: Record<string, number[]> }>("parity/clip/names-openai.json");
    expect(Object.fromEntries(clipTensorsIn(huggingFace, clipPresets["clip-vit-b-16"]!))).toEqual(transformers);
  });
});

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-openai-"));
afterAll(() => rmSync(folder, { recursive: true }));

const view = { width: 32, height: 32, data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 256) };
const ids = [298, 17, 40, 17, 299];

async function featuresOf(model: ClipModel): Promise<number[]> {
  const features = [...(await model.imageFeatures(view)), ...(await model.textFeatures(ids))];
  await model.dispose();
  return features;
}

const open = async (path: string, config?: string): Promise<ClipModel> => {
  const { weights, hints } = await locateClip(path, config);
  return await ClipModel.open(weights, hints);
};

const openClipConfig = (quick_gelu?: boolean) => ({
  model_cfg: {
    embed_dim: 16,
    ...(quick_gelu !== undefined && { quick_gelu }),
    vision_cfg: { image_size: 32, layers: 2, width: 32, patch_size: 4, head_width: 16 },
    text_cfg: { context_length: 77, vocab_size: 300, width: 32, heads: 2, layers: 2 },
  },
});

describe.each(openAiNames.schemes.filter(({ isTransposed }) => isTransposed))("names of $name, text apart or not", (scheme) => {
  const file = join(folder, `${openAiNames.schemes.indexOf(scheme)}.safetensors`);
  const config = (quickGelu?: boolean): string => {
    writeFileSync(join(folder, "config.json"), JSON.stringify(openClipConfig(quickGelu)));
    return join(folder, "config.json");
  };

  test("give the features of the same model in Hugging Face's names, and exact GELU gives others", async () => {
    const reference = await featuresOf(await open(await nanoOpenAiClip()));
    await writeSafetensors(file, { ...(await nanoOpenAiTensors(scheme)), input_resolution: tensor("int64", [], BigInt64Array.of(32n)) });
    const model = await open(file, config(true));
    expect(model.weights.scheme).toBe(scheme);
    expect(model.notes).toEqual([]);
    expectClose(await featuresOf(model), reference, 1e-6, "features");
    const exact = await open(file, config());
    expect([exact.config.vision.activation, exact.config.text.activation]).toEqual(["gelu", "gelu"]);
    const others = await featuresOf(exact);
    expect(Math.max(...others.map((value, i) => Math.abs(value - reference[i]!)))).toBeGreaterThan(1e-3);
  });
});

describe("without a configuration", () => {
  test("heads 64 wide and quick-GELU are assumed, with a note", async () => {
    const { config } = await open(await nanoOpenAiClip());
    const wide = { ...config, vision: { ...config.vision, width: 64, heads: 1 }, text: { ...config.text, width: 64, heads: 1 } };
    const zeros = [...clipTensorsIn(huggingFace, wide)].map(
      ([name, shape]) => [name, tensor("float32", shape, new Float32Array(shape.reduce((a, b) => a * b, 1)))] as const,
    );
    const alone = mkdtempSync(join(folder, "alone-"));
    await writeSafetensors(join(alone, "ViT.safetensors"), Object.fromEntries(zeros));
    const model = await open(join(alone, "ViT.safetensors"));
    expect([model.config.vision.heads, model.config.text.heads, model.config.vision.activation]).toEqual([1, 1, "quick-gelu"]);
    expect(model.notes).toEqual([expect.stringContaining("quick-GELU was assumed")]);
  });
});

test("the configuration of the other family is refused", async () => {
  const { weights } = await locateClip(await nanoOpenAiClip());
  await expect(ClipModel.open(weights, { family: "biomedclip" })).rejects.toThrow(
    /it describes a BiomedCLIP model, but the tensors are those of OpenAI CLIP/,
  );
});

test("the feature of a text is that of its first end token, whatever follows", async () => {
  const model = await open(await nanoOpenAiClip());
  const alone = await model.textFeatures(ids);
  for (const padding of [
    [299, 299, 299],
    [0, 0],
    [5, 299],
  ]) {
    expect(await model.textFeatures([...ids, ...padding])).toEqual(alone);
  }
  expect(await model.textFeatures([298, 17, 41, 17, 299])).not.toEqual(alone);
  await model.dispose();
});
