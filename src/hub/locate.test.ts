import { chmod, cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifyModel } from "../cli/models.ts";
import { ClipModel } from "../models/clip/index.ts";
import { readSafetensors, writeSafetensors } from "../tensor/safetensors.ts";
import { initModel } from "./init.ts";
import { locateClip, locateSam } from "./locate.ts";

const size = { width: 8, depth: 2, heads: 2 };
const sizes = { clip: { ...size, imageSize: 32, patch: 16, embed: 8, text: { ...size, positions: 16 } } };

let folder: string;
/** A whole CLIP model with the vocabulary of a few words. */
let clip: string;
const at = (...parts: string[]) => join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "locate-"));
  clip = at("nano");
  await writeFile(at("sizes.json"), JSON.stringify(sizes));
  await writeFile(at("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nlung\n");
  await initModel(at("sizes.json"), clip, { seed: 1, vocabulary: at("vocab.txt") });
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of the model without its weights. */
async function bare(name: string): Promise<string> {
  await cp(clip, at(name), { recursive: true });
  await rm(at(name, "open_clip_model.safetensors"));
  return at(name);
}

async function features(model: string): Promise<Float32Array> {
  const { weights, hints } = await locateClip(model);
  const opened = await ClipModel.open(weights, hints);
  const result = await opened.textFeatures([2, 5, 3]);
  await opened.dispose();
  return result;
}

describe("a model in shards", () => {
  let sharded: string;
  const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
  const index = () => join(sharded, "model.safetensors.index.json");
  let map: Record<string, string>;
  beforeAll(async () => {
    sharded = await bare("sharded");
    const { tensors } = await readSafetensors(join(clip, "open_clip_model.safetensors"));
    map = Object.fromEntries([...tensors.keys()].map((name, i) => [name, names[i % 2]!]));
    for (const shard of names)
      await writeSafetensors(join(sharded, shard), Object.fromEntries([...tensors].filter(([name]) => map[name] === shard)));
    await writeFile(index(), `\uFEFF${JSON.stringify({ metadata: { total_size: 1 }, weight_map: map })}`);
  });

  test("gives what the model in one file gives, by its folder or its index", async () => {
    const whole = await features(clip);
    expect(await features(sharded)).toEqual(whole);
    expect(await features(index())).toEqual(whole);
    expect((await locateClip(sharded)).parts).toEqual([index(), ...names.map((name) => join(sharded, name))]);
  });

  test("each shard that is missing is named", async () => {
    await rename(join(sharded, names[1]), join(sharded, "away"));
    await expect(features(sharded)).rejects.toThrow(
      `"${index()}" is the index of a model in 2 shards, of which 1 cannot be opened:\n  "${join(sharded, names[1])}" does not exist.`,
    );
    await rename(join(sharded, "away"), join(sharded, names[1]));
  });

  test("a tensor that its shard lacks is named, and a shard outside the folder is not opened", async () => {
    const wrong = join(sharded, "wrong.index.json");
    await writeFile(wrong, JSON.stringify({ weight_map: { ...map, extra: names[0] } }));
    await expect(features(wrong)).rejects.toThrow(`says that "${names[0]}" holds the tensor "extra", but it does not`);
    for (const outside of ["../nano/open_clip_model.safetensors", "/etc/passwd", "a\\b.bin", "..", 3]) {
      await writeFile(wrong, JSON.stringify({ weight_map: { ...map, extra: outside } }));
      await expect(features(wrong)).rejects.toThrow(`puts the tensor "extra" into ${JSON.stringify(outside)}; expected the name of a file`);
    }
    await writeFile(wrong, '{"weight_map": {}}');
    await expect(features(wrong)).rejects.toThrow("lists no tensors");
    await rm(wrong);
  });

  test("shards without their index are an error", async () => {
    await rename(index(), at("index"));
    await expect(locateClip(sharded)).rejects.toThrow("holds weights in shards, but not their index (*.index.json)");
    await rename(at("index"), index());
  });
});

describe("a folder without a file of a published name", () => {
  test.each(["medsam_vit_b.pth", "best.PT", "epoch 3.ckpt", "weights.bin", "sam.safetensors"])("only %s is taken", async (name) => {
    const own = await mkdtemp(at("one-"));
    for (const other of ["optimizer.pt", "training_args.bin", "rng_state_0.pth", "readme.txt"]) await writeFile(join(own, other), "");
    await mkdir(join(own, "logs.pth"));
    await writeFile(join(own, name), "");
    expect((await locateSam(own)).weights).toBe(join(own, name));
  });

  test("of several files the user names one", async () => {
    const own = await mkdtemp(at("two-"));
    for (const name of ["sam_vit_h.pth", "sam_vit_b.pth"]) await writeFile(join(own, name), "");
    await expect(locateSam(own)).rejects.toThrow(
      `"${own}" holds 2 files that may be the weights of a SAM model: sam_vit_b.pth, sam_vit_h.pth. Give the path of the file to use.`,
    );
    expect((await locateSam(join(own, "sam_vit_b.pth"))).weights).toBe(join(own, "sam_vit_b.pth"));
  });

  test("without any weights file the error lists the expected names", async () => {
    const own = await mkdtemp(at("none-"));
    await mkdir(join(own, "x.pth"));
    await expect(locateSam(own)).rejects.toThrow(
      /holds no weights of a SAM model: expected model.safetensors, pytorch_model.bin, or one other file of weights; found x.pth/,
    );
  });
});

test("links of a download cache and files that may only be read are opened", async () => {
  const cache = await bare("cache");
  await cp(join(clip, "open_clip_model.safetensors"), at("blob"));
  await chmod(at("blob"), 0o444);
  await symlink(at("blob"), join(cache, "open_clip_model.safetensors"));
  expect(await features(cache)).toEqual(await features(clip));
});

test("one of two models in a file is named behind a number sign", async () => {
  const two = await bare("two");
  const { tensors } = await readSafetensors(join(clip, "open_clip_model.safetensors"));
  const both = ["a", "b"].flatMap((prefix) => [...tensors].map(([name, tensor]) => [`${prefix}.${name}`, tensor]));
  const file = join(two, "run.safetensors");
  await writeSafetensors(file, Object.fromEntries(both));
  await expect(features(file)).rejects.toThrow("holds 2 BiomedCLIP models. Choose one");
  expect(await features(`${file}#b.`)).toEqual(await features(clip));
  expect((await locateClip(`${file}#b.`)).parts).toEqual([file]);
});

test("a second file of weights in the same format is named; given by its path, the first one is not", async () => {
  const folder = at("two files");
  await cp(clip, folder, { recursive: true });
  await cp(join(clip, "open_clip_model.safetensors"), join(folder, "model.safetensors"));
  await writeFile(join(folder, "pytorch_model.bin"), "");
  expect((await locateClip(folder)).hints.warnings).toEqual([
    `"${join(folder, "model.safetensors")}" lies beside "open_clip_model.safetensors" and is not used; to use it, give its path.`,
  ]);
  expect((await locateClip(join(folder, "open_clip_model.safetensors"))).hints.warnings).toEqual([]);
});

describe("the configuration beside the weights", () => {
  const configure = async (name: string, preprocess: object, preprocessor?: object, vision: object = {}) => {
    await cp(clip, at(name), { recursive: true });
    const model_cfg = { embed_dim: 8, vision_cfg: { image_size: 32, ...vision } };
    const config = { model_cfg, preprocess_cfg: preprocess, sizes: { vision_heads: 2, text_heads: 2 } };
    await writeFile(join(at(name), "open_clip_config.json"), JSON.stringify(config));
    if (preprocessor) await writeFile(join(at(name), "preprocessor_config.json"), JSON.stringify(preprocessor));
    return await locateClip(at(name));
  };

  test("sets the normalisation, from either file", async () => {
    const mean = [0.1, 0.2, 0.3];
    const files = [await configure("open", { mean }), await configure("hf", {}, { image_mean: mean })];
    for (const { weights, hints } of files) expect((await ClipModel.open(weights, hints)).config.mean).toEqual(mean);
    expect(files[1]!.preprocessor).toBe(at("hf", "preprocessor_config.json"));
  });

  test.each<[string, object, object?]>([
    ["a mean for pixels in [0, 255]", { mean: [122.7, 116.7, 104] }],
    ["a deviation for pixels in [0, 255]", { std: [68.5, 66.6, 70.3] }],
    ["a negative mean", { mean: [-0.5, 0.4, 0.4] }],
    ["a huge deviation", { std: [1e30, 0.2, 0.2] }],
    ["hardly any deviation", { std: [1e-9, 0.2, 0.2] }],
    ["a preprocessor file for pixels in [0, 255]", {}, { image_mean: [122.7, 116.7, 104] }],
  ])("is refused with %s", async (name, preprocess, preprocessor) => {
    const { weights, hints } = await configure(name, preprocess, preprocessor);
    await expect(ClipModel.open(weights, hints)).rejects.toThrow(
      /of the pixels, expected three values from .* to 1, as pixels are in \[0, 1\]\. Divide values for pixels in \[0, 255\] by 255\./,
    );
    const { lines, isSound } = await verifyModel(at(name));
    expect([isSound, lines.join()]).toEqual([false, expect.stringContaining("of the pixels, expected three values")]);
  });

  test.each([[[]], ["text"], [null]])("that is %j is refused", async (json) => {
    const name = `not an object ${JSON.stringify(json)}`;
    await cp(clip, at(name), { recursive: true });
    await writeFile(at(name, "preprocessor_config.json"), JSON.stringify(json));
    await expect(locateClip(at(name))).rejects.toThrow('preprocessor_config.json": expected an object of settings, got');
  });

  test("with a deviation of zero is refused by the name of the entry", async () => {
    await expect(configure("zero", { std: 0 })).rejects.toThrow('"preprocess_cfg.std" is 0, expected three numbers');
  });

  test("that states other sizes than the tensors have is another model's", async () => {
    const { weights, hints } = await configure("larger", {}, undefined, { width: 64 });
    await expect(ClipModel.open(weights, hints)).rejects.toThrow(
      `the configuration is not that of "${weights}": "model_cfg.vision_cfg.width" is 64, but the tensors say 8.`,
    );
  });

  test("of a fine-tune with images of another size has the positions interpolated, with a note", async () => {
    const { weights, hints } = await configure("resized", { size: 64 });
    const model = await ClipModel.open(weights, hints);
    expect(model.config.vision).toMatchObject({ imageSize: 64, positionGrid: 2 });
    expect(model.notes).toEqual([expect.stringContaining("stored for 32 x 32 pixels and are interpolated to 64 x 64")]);
    const view = { width: 64, height: 64, data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256) };
    expect((await model.imageFeatures(view)).length).toBe(8);
    await model.dispose();
  });

  test.each<[string, object, object, RegExp]>([
    [
      "two other sizes",
      { size: 64 },
      { crop_size: 48 },
      /"preprocess_cfg.size" is 64, but "crop_size" is 48, and the table of positions is for 32/,
    ],
    ["a size that is not square", { size: [64, 32] }, {}, /"preprocess_cfg.size" is not square/],
    ["a size that patches do not fill", { size: 50 }, {}, /is 50, which is no multiple of its patches of 16 pixels/],
  ])("is refused with %s", async (name, preprocess, preprocessor, message) => {
    const { weights, hints } = await configure(name, preprocess, preprocessor);
    await expect(ClipModel.open(weights, hints)).rejects.toThrow(message);
  });

  test("is named before what is wrong with it", async () => {
    await expect(configure("wrong", { mode: "L" })).rejects.toThrow(
      `"${at("wrong", "open_clip_config.json")}": "preprocess_cfg.mode" is "L"`,
    );
    await expect(configure("flipped", {}, { do_resize: "no", do_normalize: 1 })).rejects.toThrow(
      `"${at("flipped", "preprocessor_config.json")}": "do_normalize" is 1, expected true or false.`,
    );
  });
});

test("a configuration may begin with a byte-order mark", async () => {
  const marked = at("marked");
  await cp(clip, marked, { recursive: true });
  const file = join(marked, "open_clip_config.json");
  const { hints } = await locateClip(clip);
  await writeFile(file, `\uFEFF${JSON.stringify({ model_cfg: { embed_dim: 8 }, sizes: { vision_heads: 2, text_heads: 2 } })}`);
  expect((await locateClip(marked)).hints).toMatchObject({ embed: hints.embed, visionHeads: 2 });
});
