import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { clipPixels, type FeatureFile, featureCases } from "../../../test/support/clip-cases.ts";
import { expectClose } from "../../../test/support/close.ts";
import { randomModel } from "../../../test/support/models.ts";
import { describeCases, describeWith, readCase, sharedJson, sharedPath } from "../../../test/support/shared-data.ts";
import { locateClip } from "../../hub/locate.ts";
import { readSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import { toFloat32 } from "../../tensor/stored-tensor.ts";
import { ClipModel } from "./clip-model.ts";
import { clipPresets, clipTensors } from "./families.ts";

describeCases<FeatureFile>("parity/clip", /^features-.*\.safetensors$/, "BiomedCLIP, tiny", (files) => {
  for (const file of files) if (file.settings.model === "tiny") featureCases(file);
});

for (const [preset, name] of [
  ["biomedclip", "full"],
  ["biomedclip-tiny", "tiny"],
]) {
  describeWith([`parity/clip/names-${name}.json`], "names and shapes", () => {
    test(`of ${preset} are the published ones, in their order`, () => {
      const { open_clip } = sharedJson<{ open_clip: Record<string, number[]> }>(`parity/clip/names-${name}.json`);
      expect([...clipTensors(clipPresets[preset!]!)]).toEqual(Object.entries(open_clip));
    });
  });
}

const openClipConfig = sharedPath("parity/clip/mini/open_clip_config.json");

describeWith(
  ["parity/torch-files", "parity/clip/mini-port", "parity/clip/features-mini.safetensors", "parity/clip/pixels.safetensors"],
  "the mini model gives its features",
  () => {
    const portConfig = sharedPath("parity/clip/mini-port/config.json");

    test.each([
      ["an open_clip folder", "parity/clip/mini", undefined, "image_features"],
      ["a folder of the Hugging Face port", "parity/clip/mini-port", undefined, "image_features_port"],
      ["an open_clip .bin", "parity/torch-files/open_clip_pytorch_model.bin", openClipConfig, "image_features"],
      ["a port .bin whose projections share one storage", "parity/torch-files/pytorch_model.bin", portConfig, "image_features_port"],
      [
        "a trainer's checkpoint with wrapped names and optimiser state",
        "parity/torch-files/trainer_epoch_2.pt",
        openClipConfig,
        "image_features",
      ],
    ])("from %s", async (_, path, config, expected) => {
      const { weights, hints } = await locateClip(sharedPath(path), config);
      const { tensors, settings } = await readCase<FeatureFile>("parity/clip/features-mini.safetensors");
      const clip = await ClipModel.open(weights, hints);
      const pixels = await clipPixels();
      const images = [];
      for (const name of settings.images) images.push(...(await clip.imageFeatures(pixels.get(name)!)));
      expectClose(images, toFloat32(tensors.get(expected)!), 1e-4, "image features");
      const texts = [];
      for (let i = 0; i < tensors.get("text_features")!.shape[0]!; i++) {
        texts.push(...(await clip.textFeatures(Array.from(toFloat32(tensors.get(`text_ids.${i}`)!)))));
      }
      expectClose(texts, toFloat32(tensors.get("text_features")!), 1e-4, "text features");
      await clip.dispose();
    });
  },
);

describeWith(["parity/torch-files", "parity/clip/mini"], "a file that is readable but not a model", () => {
  test("wrong keys are listed: what is missing with the closest candidate, what has another shape, what is unexpected", async () => {
    const { weights, hints } = await locateClip(sharedPath("parity/torch-files/wrong_keys.bin"), openClipConfig);
    const message = await ClipModel.open(weights, hints).then(String, ({ message }: Error) => message);
    expect(message).toContain("does not fit BiomedCLIP");
    expect(message).toContain('missing: "visual.trunk.pos_embed"');
    expect(message).toContain("wrong shape:");
    expect(message).toContain('unexpected: "visual.extra"');
  });
});

describe("head counts", () => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-heads-"));

  test("a width that is no multiple of 64 needs a configuration, and the message says so", async () => {
    const model = await randomModel("biomedclip-tiny");
    copyFileSync(join(model, "open_clip_model.safetensors"), join(folder, "clip.safetensors"));
    await expect(locateClip(join(folder, "clip.safetensors"))).rejects.toThrow(
      /no open_clip_config.json or config.json beside it.*--clip-config FILE/,
    );
    await expect(ClipModel.open(join(folder, "clip.safetensors"))).rejects.toThrow(/96 wide.*--clip-config FILE/);
    rmSync(folder, { recursive: true });
  });
});

test("a tensor under a slightly other name is named beside the missing one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-names-"));
  const file = join(folder, "clip.safetensors");
  const { tensors } = await readSafetensors(join(await randomModel("biomedclip-tiny"), "open_clip_model.safetensors"));
  const renamed = [...tensors].map(
    ([name, value]) => [name.replace("visual.head.proj.weight", "visual.head.projection.weight"), value] as const,
  );
  await writeSafetensors(file, Object.fromEntries(renamed));
  await expect(ClipModel.open(file, { visionHeads: 4, textHeads: 4 })).rejects.toThrow(
    'missing: "visual.head.proj.weight" (the closest is "visual.head.projection.weight")',
  );
  rmSync(folder, { recursive: true });
});

describe("weights in half precision", () => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-half-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The 16 high bits of a float32, rounded half up: bfloat16. */
  const bfloat16 = (values: Float32Array) => Uint16Array.from(new Uint32Array(values.slice().buffer), (bits) => (bits + 0x8000) >>> 16);

  test("bfloat16 weights are mapped as they are and give features near those of float32", async () => {
    const model = await randomModel("biomedclip-tiny");
    const { tensors } = await readSafetensors(join(model, "open_clip_model.safetensors"));
    const half = [...tensors].map(
      ([name, { shape, data }]) => [name, { dtype: "bfloat16", shape, data: bfloat16(data as Float32Array) }] as const,
    );
    await writeSafetensors(join(folder, "half.safetensors"), Object.fromEntries(half));
    const features = [];
    for (const file of [join(model, "open_clip_model.safetensors"), join(folder, "half.safetensors")]) {
      const clip = await ClipModel.open(file, { visionHeads: 4, textHeads: 4 });
      const view = { width: 224, height: 224, data: Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => (i * 7919) % 256) };
      features.push([...(await clip.imageFeatures(view)), ...(await clip.textFeatures([2, 17, 99, 3]))]);
      await clip.dispose();
    }
    // bfloat16 keeps 8 bits of a weight; features have a standard deviation of 1.
    expectClose(features[1]!, features[0]!, 0.15, "features");
    expect(features[1]).not.toEqual(features[0]);
  });
});
