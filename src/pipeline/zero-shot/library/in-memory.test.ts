import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nanoModels } from "../../../../test/support/tiny-run.ts";
import type { Image } from "../../../image/index.ts";
import type { ImageEmbedding } from "../../../segment/index.ts";
import type { ClipContent } from "../../models/model-content.ts";
import { loadModel, type Segmentation, segment } from "./in-memory.ts";
import * as files from "./of-files.ts";

const image: Image = { width: 48, height: 40, data: Uint8Array.from({ length: 5760 }, (_, i) => (i * i) % 251) };
const options = { steps: 2, samples: 2 };
const folder = mkdtempSync(join(tmpdir(), "medclip-sam-zero-shot-"));
afterAll(() => rmSync(folder, { recursive: true }));

let paths: { clip: string; sam: string };
let clip: ClipContent & { weights: Buffer; config: Buffer; vocabulary: Buffer };
let sam: Buffer;
beforeAll(async () => {
  paths = await nanoModels();
  const read = (name: string) => readFileSync(join(paths.clip, name));
  clip = { weights: read("open_clip_model.safetensors"), config: read("open_clip_config.json"), vocabulary: read("vocab.txt") };
  sam = readFileSync(join(paths.sam, "model.safetensors"));
});

async function segmented(models: Parameters<typeof files.loadModel>[0]): Promise<Segmentation> {
  const model = await files.loadModel(models);
  try {
    return await files.segment(model, image, "dark lesion", options);
  } finally {
    await model.dispose();
  }
}

describe("contents of files", () => {
  test("give what the files give, whatever holds them", async () => {
    const expected = await segmented(paths);
    expect(expected.capacity).toHaveLength(8 * 8);
    const bytes = await segmented({ clip, sam });
    const others = await segmented({
      clip: {
        weights: new File([clip.weights], "clip.safetensors"),
        config: new Response(clip.config),
        vocabulary: new Blob([clip.vocabulary]),
      },
      sam: new Uint8Array(sam).buffer,
    });
    expect(bytes).toEqual(expected);
    expect(others).toEqual(expected);
  });

  test("a vocabulary in tokenizer.json is recognised by what it is", async () => {
    const vocab = Object.fromEntries(
      clip.vocabulary
        .toString()
        .split("\n")
        .map((token, id) => [token, id]),
    );
    const json = {
      normalizer: { type: "BertNormalizer", lowercase: true },
      pre_tokenizer: { type: "BertPreTokenizer" },
      model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", vocab },
    };
    const { text } = await loadModel({ clip: { ...clip, vocabulary: Buffer.from(JSON.stringify(json)) }, sam });
    expect(text.tokenizer.encode("dark lesion")).toEqual((await loadModel({ clip, sam })).text.tokenizer.encode("dark lesion"));
  });

  test.each<[string, () => Partial<ClipContent>, string | RegExp]>([
    [
      "weights that are a web page",
      () => ({ weights: new File(["<!doctype html>"], "clip.safetensors") }),
      /"clip.safetensors" does not hold weights/,
    ],
    [
      "an answer that is an error",
      () => ({ weights: new Response("gone", { status: 404 }) }),
      /"CLIP weights" could not be fetched: .*404/,
    ],
    ["a configuration that is not JSON", () => ({ config: Buffer.from("{") }), '"CLIP configuration" is not valid JSON'],
    [
      "a configuration of something else",
      () => ({ config: Buffer.from("{}") }),
      '"CLIP configuration": a CLIP configuration needs "model_cfg"',
    ],
    [
      "a vocabulary that is a picture",
      () => ({ vocabulary: new File([Uint8Array.of(0x89, 0xff)], "vocab.txt") }),
      '"vocab.txt" cannot be read as UTF-8 text',
    ],
    [
      "a vocabulary with more words than the model",
      () => ({ vocabulary: Buffer.from(`${clip.vocabulary}${"\nword".repeat(40_000)}`) }),
      "belong to different models",
    ],
  ])("%s: the error names it", async (_, wrong, message) => {
    await expect(loadModel({ clip: { ...clip, ...wrong() }, sam })).rejects.toThrow(message);
  });

  test("cannot have a cache, whose files are named by the file of the weights", async () => {
    const model = await files.loadModel({ clip, sam });
    await expect(files.segment(model, image, "dark lesion", { cache: folder })).rejects.toThrow(/came from memory.*Leave out/);
  });
});

test("an embedding that is given is not computed, and one kept on disk changes nothing", async () => {
  const model = await files.loadModel(paths);
  let kept: ImageEmbedding | undefined;
  let runs = 0;
  const embed = async (pixels: Image) => {
    if (!kept) runs++;
    kept ??= await model.mask.sam.setImage(pixels);
    return kept;
  };
  const first = await segment(model, image, "dark lesion", { ...options, embed });
  expect(await segment(model, image, "dark lesion", { ...options, embed })).toEqual(first);
  expect(runs).toBe(1);
  for (let i = 0; i < 2; i++) expect(await files.segment(model, image, "dark lesion", { ...options, cache: folder })).toEqual(first);
  expect(readdirSync(folder)).toHaveLength(1);
  await model.dispose();
});

test("a model held for several runs follows each run's saliency settings", async () => {
  const model = await loadModel({ clip, sam });
  const runs = [{}, { classToken: "noise" }, {}, { saliencyMethod: "nib" }, { saliencyMethod: "patch-text" }] as const;
  const maps = [];
  for (const settings of runs) maps.push((await segment(model, image, "dark lesion", { ...options, ...settings })).capacity);
  await model.dispose();
  expect(maps[1]).not.toEqual(maps[0]);
  expect(maps[2]).toEqual(maps[0]);
  expect(maps[3]).not.toEqual(maps[0]);
  expect(maps[4]).not.toEqual(maps[3]);
});

test("a black image has a warning", async () => {
  const model = await loadModel({ clip, sam });
  const { warnings } = await segment(model, { ...image, data: new Uint8Array(image.data.length) }, "dark lesion", options);
  await model.dispose();
  expect(warnings).toContainEqual(expect.stringMatching(/^all pixels of the image have one value \(0, 0, 0\)/));
});

test("words that the model does not know point nowhere: the mask is empty, whatever the coarse method, and the words are named", async () => {
  const words = Buffer.from("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nimage\nlesion");
  const model = await loadModel({ clip: { ...clip, vocabulary: words }, sam });
  for (const coarseMethod of ["kmeans", "otsu", "threshold"] as const) {
    const { mask, saliency, capacity, warnings } = await segment(model, image, ["the spleen", "the image"], { ...options, coarseMethod });
    expect([...mask.data, ...saliency.data, ...capacity].every((value) => value === 0)).toBe(true);
    expect(capacity).toHaveLength(8 * 8);
    expect(warnings).toContain('no content word of the text prompt "the spleen" is in the model\'s vocabulary');
    expect(warnings).toContain('not in the model\'s vocabulary, so read as [UNK]: "spleen"');
  }
  for (const text of ["  ", "\u200b", "🫁", []])
    await expect(segment(model, image, text, options)).rejects.toMatchObject({ code: "config" });
  await model.dispose();
});
