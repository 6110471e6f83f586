import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clipConfigOf, openClipWeights, outputGrid } from "../models/clip/index.ts";
import { samConfigOf, samFamily } from "../models/sam/index.ts";
import { Weights } from "../models/weights.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { tensor } from "../tensor/tensor.ts";
import { initModel } from "./init.ts";
import { locateClip } from "./locate.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medclip-sam-init-"));
});
afterAll(() => rm(folder, { recursive: true }));

const clip = {
  imageSize: 48,
  patch: 8,
  width: 32,
  depth: 3,
  heads: 2,
  embed: 16,
  text: { width: 32, depth: 1, heads: 2, positions: 24 },
};
const sam = {
  imageSize: 64,
  patch: 8,
  width: 32,
  depth: 2,
  heads: 2,
  globalBlocks: [0, 1],
  window: 14,
  outChannels: 32,
  decoder: { innerWidth: 16, mlpWidth: 64, iouWidth: 32 },
};

const withDense = (dense: object, others: object = {}) => ({ clip: { ...clip, ...others, dense } });

async function sizes(content: unknown): Promise<string> {
  const file = join(folder, "sizes.json");
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

test("random weights replace only random weights", async () => {
  const out = join(folder, "twice");
  const files = [await initModel("sam-tiny", out, { seed: 1 }), await initModel("sam-tiny", out, { seed: 2 })].flat();
  await writeSafetensors(files[0]!, { weight: tensor("float32", [1], new Float32Array(1)) });
  await expect(initModel("sam-tiny", out, { seed: 1 })).rejects.toThrow(
    `"${files[0]}" already exists and was not made by "models init". Choose another --out`,
  );
  await writeFile(join(out, "open_clip_config.json"), "{}");
  await expect(initModel("biomedclip-tiny", out, { seed: 1 })).rejects.toThrow(/open_clip_config.json" already exists/);
});

describe("models of any size", () => {
  test("a CLIP model has the sizes of its file", async () => {
    const out = join(folder, "clip");
    await initModel(await sizes({ clip }), out, { seed: 1, purpose: "training" });
    const { weights: file, hints } = await locateClip(out);
    const config = clipConfigOf(await openClipWeights(file), hints);
    expect(config.vision).toMatchObject({ imageSize: 48, patch: 8, width: 32, depth: 3, heads: 2, inner: 128 });
    expect(config.text).toMatchObject({ width: 32, depth: 1, heads: 2, inner: 128, positions: 24 });
    expect([config.embed, config.contextLength]).toEqual([16, 24]);
  });

  test("a CLIP model has the convolutional branch of its file", async () => {
    const out = join(folder, "dense-clip");
    const dense = { channels: [8, 12, 16], stride: 4 };
    await initModel(await sizes(withDense(dense)), out, { seed: 1, purpose: "training" });
    const { weights: file, hints } = await locateClip(out);
    const config = clipConfigOf(await openClipWeights(file), hints);
    expect([config.dense, outputGrid(config)]).toEqual([dense, 12]);
  });

  test("a SAM model has the sizes of its file", async () => {
    const [file] = await initModel(await sizes({ sam }), join(folder, "sam"), { seed: 1, purpose: "training" });
    const config = samConfigOf(await Weights.open(file!, samFamily));
    const { decoder, ...rest } = sam;
    expect(config).toMatchObject(rest);
    expect(config.decoder).toMatchObject(decoder);
  });

  test.each([
    [{ clip: { ...clip, patch: 7 } }, /patch must divide imageSize/],
    [{ clip: { ...clip, heads: 3 } }, /heads must divide width/],
    [{ clip: { ...clip, depth: 0 } }, /does not hold the sizes of a model/],
    [{ sam: { ...sam, layers: 3 } }, /layers/],
    [{ clip, sam }, /sam/],
    [{ vit: clip }, /must hold an object with the key "clip" or "sam", got an object with vit\./],
    [withDense({ channels: [8, 8, 8] }), /expected number, received undefined\s+→ at clip\.dense\.stride/],
    [withDense({ channels: [8, 8], stride: 2 }), /dense\.channels must be a list of 3, one for each halving .* a patch of 8, got 2/],
    [withDense({ channels: [8, 8, 8], stride: 3 }), /dense\.stride must be one of 2, 4, 8 with patches of 8, got 3/],
    [withDense({ channels: [8, 8, 8], stride: 16 }), /dense\.stride must be one of 2, 4, 8 with patches of 8, got 16/],
    [withDense({ channels: [8, 8, 8], stride: 4 }, { patch: 6 }), /dense needs patches whose size is a power of 2.*patch is 6/],
    [withDense({ channels: [8], stride: 1 }, { patch: 1 }), /dense needs patches whose size is a power of 2, at least 2/],
    ["no JSON", /sizes.json" is not valid JSON: line 1, column 1/],
  ])("sizes that cannot be are refused: %j", async (content, message) => {
    await expect(initModel(await sizes(content), join(folder, "never"), { seed: 1 })).rejects.toThrow(message);
  });

  test("a file that is not there is named", async () => {
    await expect(initModel(join(folder, "lost.json"), folder, { seed: 1 })).rejects.toThrow(/lost.json" cannot be read \(ENOENT\)/);
  });
});

test("initial weights for training distinguish near from far positions, and have zero biases", async () => {
  const [file] = await initModel(await sizes({ clip }), join(folder, "fresh"), { seed: 1, purpose: "training" });
  const weights = await openClipWeights(file!);
  const positions = await weights.read("visual.trunk.pos_embed"); // [1, 37, 32]
  const at = (token: number) => positions.subarray(32 * token, 32 * (token + 1));
  const distance = (a: number, b: number) => Math.hypot(...at(a).map((value, i) => value - at(b)[i]!));
  expect(at(0).every((value) => value === 0)).toBe(true);
  const place = (x: number, y: number) => 1 + 6 * y + x;
  expect(distance(place(2, 2), place(3, 2))).toBeLessThan(distance(place(2, 2), place(5, 2)));
  expect(distance(place(2, 2), place(2, 3))).toBeCloseTo(distance(place(2, 2), place(3, 2)), 5);
  expect((await weights.read("visual.trunk.blocks.0.mlp.fc1.bias")).every((value) => value === 0)).toBe(true);
  expect((await weights.read("visual.trunk.norm.weight")).every((value) => value === 1)).toBe(true);
});
