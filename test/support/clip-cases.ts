import { test } from "vitest";
import { compile, input } from "../../src/graph/index.ts";
import { locateClip } from "../../src/hub/locate.ts";
import { BiomedClip, textTower, visionTower } from "../../src/models/biomedclip/index.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { expectClose } from "./close.ts";
import { sharedPath } from "./shared-data.ts";

/** The uint8 views [224, 224, 3] on which the feature and saliency cases were computed. */
export async function clipPixels(): Promise<{ width: number; height: number; data: Uint8Array }[]> {
  const { tensors } = await readSafetensors(sharedPath("parity/clip/pixels.safetensors"));
  const { shape, data } = tensors.get("pixels")!;
  const size = 224 * 224 * 3;
  return Array.from({ length: shape[0]! }, (_, i) => ({
    width: 224,
    height: 224,
    data: (data as Uint8Array).subarray(i * size, (i + 1) * size),
  }));
}

/** Opens a model folder as a user's would be; one that is open stays as it is. */
export async function openClip(model: string | BiomedClip): Promise<BiomedClip> {
  if (typeof model !== "string") return model;
  const { weights, hints } = await locateClip(model);
  return await BiomedClip.open(weights, hints);
}

const numbers = (value: Tensor): number[] => Array.from(value.data as Float32Array, Number);

/** Compares a model with `features-<name>.safetensors`, with the tolerances stated beside that file. */
export function featureCases(name: string, model: () => Promise<string | BiomedClip>): void {
  const cases = sharedPath(`parity/clip/features-${name}.safetensors`);

  test("image features, embeddings and hidden states are the reference's", async () => {
    const { tensors, metadata } = await readSafetensors(cases);
    const stride = Number(JSON.parse(metadata.case!).token_stride ?? 1);
    const clip = await openClip(await model());
    const pixels = await clipPixels();
    const rows = tensors.get("image_features")!.shape[0]!;
    const features = [];
    for (let i = 0; i < rows; i++) features.push(...(await clip.imageFeatures(pixels[i]!)));
    expectClose(features, numbers(tensors.get("image_features")!), 1e-4, "image features");

    const tower = visionTower(input("pixels", "float32", [1, 3, 224, 224]), clip.weights, clip.config);
    const states = Object.fromEntries(tower.blocks.map((block, i) => [`hidden.${i}`, block]));
    const session = await compile({ ...states, embeddings: tower.embedded, class: tower.classToken }, { prepack: false });
    const run = await session.run({ pixels: clip.normalised(pixels[0]!) });
    for (const [key, expected] of tensors) {
      if (!key.startsWith("hidden.") && key !== "embeddings") continue;
      const width = expected.shape[1]!;
      const kept = numbers(run[key]!).filter((_, i) => Math.floor(i / width) % stride === 0);
      expectClose(kept, numbers(expected), 5e-4, key);
    }
    expectClose(numbers(run.class!), numbers(tensors.get("image_class_token")!).slice(0, run.class!.data.length), 5e-4, "class token");
    await session.dispose();
    await clip.dispose();
  });

  test("text features, hidden states and similarities are the reference's", async () => {
    const { tensors } = await readSafetensors(cases);
    const clip = await openClip(await model());
    const expected = numbers(tensors.get("text_features")!);
    const count = tensors.get("text_features")!.shape[0]!;
    for (let i = 0; i < count; i++) {
      const ids = numbers(tensors.get(`text_ids.${i}`)!);
      const features = await clip.textFeatures(ids);
      expectClose(features, expected.slice(i * features.length, (i + 1) * features.length), 1e-4, `text ${i}`);
      const hidden = tensors.get(`text_hidden.${i}`);
      if (!hidden) continue;
      const tower = textTower(input("ids", "int64", [1, ids.length]), clip.weights, clip.config);
      const session = await compile({ last: tower.layers.at(-1)! }, { prepack: false });
      const { last } = await session.run({ ids: tensor("int64", [1, ids.length], BigInt64Array.from(ids, BigInt)) });
      const width = hidden.shape[1]!;
      const stride = ids.length > 70 ? 4 : 1;
      expectClose(
        numbers(last!).filter((_, k) => Math.floor(k / width) % stride === 0),
        numbers(hidden),
        5e-4,
        `hidden states of text ${i}`,
      );
      await session.dispose();
    }
    await clip.dispose();
  });
}
