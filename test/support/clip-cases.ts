import { test } from "vitest";
import { compile, input, type Value } from "../../src/graph/index.ts";
import { locateClip } from "../../src/hub/locate.ts";
import type { Image } from "../../src/image/types.ts";
import { ClipModel, textTower, visionTower } from "../../src/models/clip/index.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { loadTokenizer } from "../../src/text/load-tokenizer.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import { expectClose } from "./close.ts";
import { randomModel } from "./models.ts";
import { type CaseFile, readCase, sharedPath } from "./shared-data.ts";

/** The vocabulary of the tiny and full BiomedCLIP of the cases. */
export const bertBase = "data/vocab/bert_base_uncased_vocab.txt";

/** The vocabulary of OpenAI's CLIP. */
export const bytePairs = "data/vocab/clip_bpe_simple_vocab_16e6.txt.gz";

/** The uint8 views [224, 224, 3] on which the feature and saliency cases were computed, by the path of their image. */
export async function clipPixels(): Promise<ReadonlyMap<string, Image>> {
  const { tensors, settings } = await readCase<{ images: string[] }>("parity/clip/pixels.safetensors");
  const { shape, data } = tensors.get("pixels")!;
  const [, height, width] = shape as [number, number, number];
  const size = height * width * 3;
  return new Map(
    settings.images.map((name, i) => [name, { width, height, data: (data as Uint8Array).subarray(i * size, (i + 1) * size) }]),
  );
}

/** Models of the cases that take seconds; those of full size have tests of their own. */
export const isSmall = ({ model }: { readonly model: string }): boolean => model === "tiny" || model === "mini";

/** The presets of the models of the cases. */
const presetOf: Readonly<Record<string, string>> = {
  tiny: "biomedclip-tiny",
  full: "biomedclip",
  openai: "clip-vit-b-16",
  "openai ViT-B/16": "clip-vit-b-16",
};

/** The folder with the weights of a case: those of the mini model are files, the others are made by the recipe. */
export async function clipOfCase({ model, seed }: { readonly model: string; readonly seed: number }): Promise<string> {
  if (model === "mini") return sharedPath("parity/clip/mini");
  return await randomModel(presetOf[model]!, undefined, seed);
}

const vocabularyOf: Readonly<Record<string, string>> = { mini: "parity/clip/mini", openai: bytePairs };

/** The tokenizer of a case: the mini model has its own vocabulary. */
export async function tokenizerOfCase({ model }: { readonly model: string }): Promise<Tokenizer> {
  return await loadTokenizer(sharedPath(vocabularyOf[model] ?? bertBase));
}

/** Opens a model folder as for a user; an open model is reused. */
export async function openClip(model: string | ClipModel): Promise<ClipModel> {
  if (typeof model !== "string") return model;
  const { weights, hints } = await locateClip(model);
  return await ClipModel.open(weights, hints);
}

const numbers = (value: Tensor): number[] => Array.from(value.data as Float32Array, Number);

export interface FeatureFile {
  readonly model: string;
  readonly images: readonly string[];
  readonly token_stride?: number;
}

/**
 * Compares a model with a file of features, with the tolerances stated beside that file.
 *
 * @param model - by default the one that the case names
 */
export function featureCases({ file }: CaseFile<FeatureFile>, model?: () => Promise<string | ClipModel>): void {
  const open = async (settings: FeatureFile & { seed: number }) => await openClip(await (model ? model() : clipOfCase(settings)));

  test("image features, embeddings and hidden states are the reference's", async () => {
    const { tensors, settings } = await readCase<FeatureFile>("parity/clip", file);
    const stride = settings.token_stride ?? 1;
    const clip = await open(settings);
    const views = await clipPixels();
    const pixels = settings.images.map((name) => views.get(name)!);
    const features = [];
    for (const view of pixels) features.push(...(await clip.imageFeatures(view)));
    expectClose(features, numbers(tensors.get("image_features")!), 1e-4, "image features");

    const tower = visionTower(input("pixels", "float32", [1, 3, 224, 224]), clip.weights, clip.config);
    const blocks = tower.blocks.map((block, i): [string, Value] => [`hidden.${i}`, block]);
    // The cases of OpenAI's CLIP say that there is a normalisation after the embeddings.
    const all = new Map([...blocks, ["embeddings", tower.embedded], ["embeddings_pre_norm", tower.embedded]]);
    const states = Object.fromEntries([...all].filter(([key]) => tensors.has(key)));
    const session = await compile({ ...states, class: tower.classToken }, { prepack: false });
    const run = await session.run({ pixels: clip.normalised(pixels[0]!) });
    for (const [key, expected] of tensors) {
      if (!(key in states)) continue;
      const width = expected.shape[1]!;
      const kept = numbers(run[key]!).filter((_, i) => Math.floor(i / width) % stride === 0);
      expectClose(kept, numbers(expected), 5e-4, key);
    }
    const classToken = tensors.get("image_class_token");
    if (classToken) expectClose(numbers(run.class!), numbers(classToken).slice(0, run.class!.data.length), 5e-4, "class token");
    await session.dispose();
    await clip.dispose();
  });

  test("text features, hidden states and similarities are the reference's", async () => {
    const { tensors, settings } = await readCase<FeatureFile>("parity/clip", file);
    const clip = await open(settings);
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
