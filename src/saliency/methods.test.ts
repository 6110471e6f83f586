import { describe, expect, test } from "vitest";
import { bertBase, isSmall, openClip } from "../../test/support/clip-cases.ts";
import { expectClose, largestDifference } from "../../test/support/close.ts";
import { nanoClip, nanoOpenAiClip, randomModel } from "../../test/support/models.ts";
import { type CamFile, gradcamCases, gscorecamCases, type NibFile, nibCases } from "../../test/support/saliency-cases.ts";
import { describeCases, describeWith } from "../../test/support/shared-data.ts";
import { compile, input } from "../graph/index.ts";
import { patchFeatures, visionTower } from "../models/clip/index.ts";
import { SaliencySettings } from "../pipeline/zero-shot/settings/saliency.ts";
import { normal } from "../tensor/random.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { GScoreCam } from "./gscorecam.ts";
import { M2ib, M2ibConfig } from "./m2ib.ts";
import { notFiniteMap, type SaliencyMethodName, saliencyMethods } from "./methods.ts";

const view = { width: 224, height: 224, data: Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => (i * 7919) % 256) };
const text = normal("text", 1, 64);
const quick = SaliencySettings.parse({ steps: 3, samples: 2, channels: 12 });

describeWith([bertBase], "with the reference's vocabulary", () => {
  const folder = "parity/saliency";
  describeCases<CamFile>(folder, /^cam-.*\.safetensors$/, "GradCAM and gScoreCAM", (files) => {
    for (const file of files.filter(({ settings }) => isSmall(settings))) {
      gradcamCases(file);
      gscorecamCases(file);
    }
  });
  describeCases<NibFile>(folder, /^nib-.*\.safetensors$/, "NIB", (files) => files.forEach(nibCases));
});

/** The values of a method for one view and text. */
async function valuesOf(name: SaliencyMethodName, settings = quick, words = text): Promise<Float32Array> {
  const method = saliencyMethods[name].open(await openClip(await randomModel("biomedclip-tiny")), settings);
  const values = await method.attribute(await method.hiddenTokens(view), words, method.noise?.of("a.png", 1));
  await method.dispose();
  return values;
}

const smallView = { width: 32, height: 32, data: view.data.subarray(0, 32 * 32 * 3) };
const smallText = (seed: number) => normal("text", seed, 16);

/** dense-text needs a model with a convolutional branch; its tests stand beside it. */
const ofAnyModel = (Object.keys(saliencyMethods) as SaliencyMethodName[]).filter((name) => name !== "dense-text");

/** The attention of the tokens alone says nothing of the text. */
describe.each(ofAnyModel.filter((name) => name !== "rollout"))("%s", (name) => {
  test("gives each patch a value that depends on the text's direction and not on its length", async () => {
    const values = await valuesOf(name);
    expect(values).toHaveLength(14 * 14);
    expect(values.every(Number.isFinite)).toBe(true);
    const largest = Math.max(...values.map(Math.abs));
    expectClose(
      await valuesOf(
        name,
        quick,
        text.map((value) => 3 * value),
      ),
      values,
      1e-4 * largest,
      "a longer text",
    );
    expect(await valuesOf(name, quick, normal("text", 2, 64))).not.toEqual(values);
  });
});

describe.each(ofAnyModel)("%s", (name) => {
  test("works again after its sessions were disposed of, and gives the same", async () => {
    const method = saliencyMethods[name].open(await openClip(await nanoClip(undefined, 9)), quick);
    const values = async () => await method.attribute(await method.hiddenTokens(smallView), smallText(1), method.noise?.of("a.png", 1));
    const first = await values();
    await method.dispose();
    expect(await values()).toEqual(first);
    await method.dispose();
  });
});

test("rollout gives the same map for every text, and says so", async () => {
  expect(await valuesOf("rollout", quick, normal("text", 2, 64))).toEqual(await valuesOf("rollout"));
  const clip = await openClip(await randomModel("biomedclip-tiny"));
  expect(saliencyMethods.rollout.open(clip, {}).warnings[0]).toContain("does not depend on the text prompt");
});

/** Float32 against float64: at most 2e-6 was measured. */
test.each(["rollout", "chefer.11", "chefer.8", "chefer.0", "maskclip", "sclip", "clearclip", "naclip"])(
  "%s equals a restatement of its paper's formulas in PyTorch",
  async (key) => {
    const { tensors } = await readSafetensors("test/golden/saliency/attention-and-dense.safetensors");
    const [name, layer] = key.split(".") as [SaliencyMethodName, string?];
    const values = await valuesOf(name, { ...quick, ...(layer !== undefined && { layer: Number(layer) }) });
    expectClose(values, tensors.get(key)!.data as Float32Array, 2e-5, key);
  },
);

test.each(ofAnyModel)("%s works on CLIPs of another family", async (name) => {
  const clip = await openClip(await nanoOpenAiClip(undefined, 9));
  const method = saliencyMethods[name].open(clip, quick);
  const { imageSize: side } = clip.config.vision;
  const small = { width: side, height: side, data: view.data.subarray(0, side * side * 3) };
  const hidden = await method.hiddenTokens(small);
  const values = await method.attribute(hidden, normal("text", 1, clip.config.embed), method.noise?.of("a.png", 1));
  expect(values).toHaveLength(method.grid ** 2);
  expect(new Set(values).size).toBeGreaterThan(1);
  expect(values.every(Number.isFinite)).toBe(true);
  await method.dispose();
});

test("the last block is where Chefer's relevance starts by default", async () => {
  expect(await valuesOf("chefer", { ...quick, layer: 11 })).toEqual(await valuesOf("chefer"));
});

test("m2ib is M2IB: it alone draws noise, and it costs the most", async () => {
  const clip = await openClip(await randomModel("biomedclip-tiny"));
  const m2ib = new M2ib(clip, M2ibConfig.parse({ steps: 3, samples: 2 }));
  const { capacity } = await m2ib.attribute(await m2ib.hiddenTokens(view), text, m2ib.noiseOf("a.png", 1));
  expect(await valuesOf("m2ib")).toEqual(capacity);
  const opened = ofAnyModel.map((name) => [name, saliencyMethods[name].open(clip, SaliencySettings.parse({}))] as const);
  expect(opened.filter(([, { noise }]) => noise).map(([name]) => name)).toEqual(["m2ib"]);
  const flops = Object.fromEntries(opened.map(([name, method]) => [name, method.flops().image + method.flops().text]));
  expect(flops.m2ib).toBeGreaterThan(5 * flops.nib!);
  expect(flops.nib).toBeGreaterThan(flops.gradcam!);
});

test("GradCAM uses the last block's first normalisation by default, an earlier block's with a layer", async () => {
  expect(await valuesOf("gradcam", { ...quick, layer: 10 })).toEqual(await valuesOf("gradcam"));
  expect(await valuesOf("gradcam", { ...quick, layer: 4 })).not.toEqual(await valuesOf("gradcam"));
});

test("GradCAM is never negative, NIB may be", async () => {
  expect(Math.min(...(await valuesOf("gradcam")))).toBeGreaterThanOrEqual(0);
  expect(Math.min(...(await valuesOf("nib")))).toBeLessThan(0);
});

test("gScoreCAM takes each masked image's features once for all texts of an image, which changes nothing", async () => {
  const clip = await openClip(await nanoClip(undefined, 9));
  const [method, fresh] = [saliencyMethods.gscorecam.open(clip, quick), saliencyMethods.gscorecam.open(clip, quick)];
  const pixels = await method.hiddenTokens(smallView);
  await method.attribute(pixels, smallText(1));
  const alone = await fresh.attribute(await fresh.hiddenTokens(smallView), smallText(2));
  expect(await method.attribute(pixels, smallText(2))).toEqual(alone);
  await Promise.all([method.dispose(), fresh.dispose()]);
});

test("gScoreCAM takes all channels of a model that has fewer than it asks for", async () => {
  const clip = await openClip(await nanoClip());
  const method = new GScoreCam(clip, { channels: 300, camAt: "norm1" });
  const { channels, scores, weights } = await method.attribute(clip.normalised(smallView), smallText(1));
  expect(channels.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, i) => i));
  expect(scores).toHaveLength(32);
  expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
  await method.dispose();
});

test("NIB's values settle the finer its path is", async () => {
  const [coarse, fine, finest] = [
    await valuesOf("nib", { ...quick, steps: 4 }),
    await valuesOf("nib", { ...quick, steps: 16 }),
    await valuesOf("nib", { ...quick, steps: 64 }),
  ];
  expect(largestDifference(fine, finest)).toBeLessThan(largestDifference(coarse, finest) / 2);
});

test("patch-text is the cosine of the patches' features with the text", async () => {
  const clip = await openClip(await randomModel("biomedclip-tiny"));
  const tower = visionTower(input("pixels", "float32", [1, 3, 224, 224]), clip.weights, clip.config);
  const session = await compile({ patches: patchFeatures(tower, clip.weights, clip.config) });
  const { patches } = await session.run({ pixels: clip.normalised(view) });
  const cosines = Float32Array.from({ length: 196 }, (_, i) => {
    const patch = (patches!.data as Float32Array).subarray(i * 64, (i + 1) * 64);
    const dot = patch.reduce((sum, value, k) => sum + value * text[k]!, 0);
    return dot / (Math.hypot(...patch) * Math.hypot(...text));
  });
  expectClose(await valuesOf("patch-text"), cosines, 1e-5, "cosines");
});

test.each(["m2ib", "gradcam", "nib", "chefer"] as const)("%s refuses a layer that the model lacks with the layers it has", async (name) => {
  await expect(valuesOf(name, { ...quick, layer: 12 })).rejects.toThrow(/layer 12 does not exist.*--layer 0 to 10/);
});

test("the last block leaves nothing to differentiate: GradCAM refuses it, NIB warns", async () => {
  const clip = await openClip(await randomModel("biomedclip-tiny"));
  expect(() => saliencyMethods.gradcam.open(clip, { ...quick, layer: 11 })).toThrow(/--layer 11.*last block.*--layer 0 to 10/);
  expect(saliencyMethods.nib.open(clip, { ...quick, layer: 11 }).warnings[0]).toContain("does not depend on the text");
});

test("advice about a map that is not finite names settings that the method has", () => {
  expect(notFiniteMap("m2ib", "clip.bin").message).toContain("Lower --lr and --beta; if they are not high, `medclip-sam models verify`");
  for (const name of ["gradcam", "nib", "patch-text"] as const)
    expect(notFiniteMap(name, "clip.bin").message).toMatch(/finite numbers\. `medclip-sam models verify` checks whether "clip\.bin"/);
});
