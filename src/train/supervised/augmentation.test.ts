import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { describeWith, readCase } from "../../../test/support/shared-data.ts";
import { type Augmentation, gamma, gaussianNoise, spatial } from "../../augment/index.ts";
import { type AugmentationMode, type PatchAugmentation, PatchAugmenter } from "./augmentation.ts";
import type { Crop } from "./crop.ts";
import type { Extent } from "./patches.ts";

const nothing: Augmentation = {
  spatial: null,
  words: false,
  window: null,
  noise: null,
  blur: null,
  brightness: null,
  contrast: null,
  lowResolution: null,
  invertedGamma: null,
  gamma: null,
  clip: null,
  frame: null,
  annotations: null,
};
const still: PatchAugmentation = { space: null, intensity: nothing, mirror: { horizontal: false, vertical: false } };

const file = "parity/nnunet/augment.safetensors";

interface Settings {
  readonly parameters: Readonly<Record<string, { angle_radians: number | null; scale: number | null; patch: Extent }>>;
}

// Tolerances of the cases: nnU-Net's grid is in float32.
describeWith([file], "patches are sampled as nnU-Net samples them", async () => {
  const { tensors, settings } = await readCase<Settings>(file);
  const crop: Crop = {
    image: { channels: 2, height: 48, width: 56, data: tensors.get("image")!.data as Float32Array },
    labels: { height: 48, width: 56, data: Int16Array.from(tensors.get("seg")!.data as Int32Array) },
  };
  const names = [...tensors.keys()].filter((name) => name.includes("spatial/") && name.endsWith("/image"));

  test.each(names)("%s", (name) => {
    const mode: AugmentationMode = name.startsWith("fork/") ? "reference" : "paper";
    const { angle_radians: angle, scale, patch } = settings.parameters[name.replace("fork/", "").replace("/image", "")]!;
    const space = angle === null && scale === null ? null : { angle: (mode === "paper" ? 1 : -1) * (angle ?? 0), scale: scale ?? 1 };
    const found = new PatchAugmenter({ patch, channels: 2, mode }).apply(crop, { ...still, space });
    expectClose(found.image.data, tensors.get(name)!.data as Float32Array, 5e-5);
    expect(Array.from(found.labels.data)).toEqual(Array.from(tensors.get(name.replace(/image$/, "seg"))!.data as Int32Array));
  });
});

const small: Crop = {
  image: { channels: 1, height: 5, width: 5, data: Float32Array.from({ length: 25 }, (_, i) => i) },
  labels: { height: 5, width: 5, data: Int16Array.from({ length: 25 }, (_, i) => i) },
};

// (5 - 2) / 2 = 1.5: rows 1 and 2, columns 1 to 3.
test("without rotation and scaling the patch is the middle of the crop, rounded down", () => {
  const { image, labels } = new PatchAugmenter({ patch: [2, 3], channels: 1, mode: "paper" }).apply(small, still);
  expect([...image.data]).toEqual([6, 7, 8, 11, 12, 13]);
  expect([...labels.data]).toEqual([6, 7, 8, 11, 12, 13]);
});

test("the patch is mirrored after its intensities are changed", () => {
  const intensity = {
    ...nothing,
    noise: { sigma: 3, seed: 1, perChannel: false },
    gamma: { gamma: [1.4], inverted: false },
  };
  const augmenter = new PatchAugmenter({ patch: [5, 5], channels: 1, mode: "paper" });
  const { image, labels } = augmenter.apply(small, { ...still, intensity, mirror: { horizontal: true, vertical: false } });
  const changed = gamma(gaussianNoise(small.image, intensity.noise), intensity.gamma);
  const mirror = { horizontal: true, vertical: false };
  const parameters = { angle: 0, scale: 1, shift: [0, 0], elastic: null, interpolation: "linear", border: 0, labelBorder: -1 } as const;
  expect(image.data).toEqual(spatial({ image: changed }, { ...parameters, mirror }).image.data);
  expect([...labels.data.subarray(0, 5)]).toEqual([4, 3, 2, 1, 0]);
});

/** How often each part acts in many draws. */
function shares(mode: AugmentationMode, channels: number, count = 1500): Record<string, number> {
  const augmenter = new PatchAugmenter({ patch: [64, 64], channels, mode });
  const found: Record<string, number> = {};
  const add = (name: string, acts: boolean) => {
    found[name] = (found[name] ?? 0) + Number(acts) / count;
  };
  for (let step = 0; step < count; step++) {
    const { space, intensity, mirror } = augmenter.draw(step, 0, 7);
    add("rotation", space !== null && space.angle !== 0);
    add("scaling", space !== null && space.scale !== 1);
    add("larger", (space?.scale ?? 1) > 1);
    for (const [name, part] of Object.entries(intensity)) if (part !== false) add(name, part !== null);
    add("blur of the first channel", intensity.blur?.sigma[0] != null);
    add("low resolution of the first channel", intensity.lowResolution?.zoom[0] != null);
    add("mirrored rows", mirror.vertical);
    add("mirrored columns", mirror.horizontal);
  }
  return found;
}

// Tolerance: four standard deviations of a share of 1,500 draws.
test.each([1, 3])("each transform acts with nnU-Net's probability, with %i channels", (channels) => {
  const found = shares("paper", channels);
  const expected = {
    rotation: 0.2,
    scaling: 0.2,
    larger: (0.2 * 0.4) / 0.7,
    noise: 0.1,
    blur: channels === 1 ? 0.1 : 0.2,
    "blur of the first channel": 0.1,
    brightness: 0.15,
    contrast: 0.15,
    lowResolution: channels === 1 ? 0.125 : 0.25,
    "low resolution of the first channel": 0.125,
    invertedGamma: 0.1,
    gamma: 0.3,
    "mirrored rows": 0.5,
    "mirrored columns": 0.5,
  };
  for (const [name, share] of Object.entries(expected)) expect(Math.abs(found[name]! - share), name).toBeLessThan(0.052);
  for (const name of ["spatial", "window", "clip", "frame", "annotations"]) expect(found[name], name).toBe(0);
});

test("the older library scales down as often as up", () => {
  expect(Math.abs(shares("reference", 1).larger! - 0.1)).toBeLessThan(0.035);
});

test("the older library blurs both axes alike with scipy's kernel, and enlarges by cubic splines", () => {
  const augmenter = new PatchAugmenter({ patch: [64, 64], channels: 2, mode: "reference" });
  const drawn = Array.from({ length: 200 }, (_, step) => augmenter.draw(step, 0, 1).intensity);
  const blurs = drawn.flatMap(({ blur }) => blur ?? []);
  expect(blurs.length).toBeGreaterThan(10);
  for (const { as, sigma } of blurs) {
    expect(as).toBe("scipy");
    for (const one of sigma) if (one) expect(one[0]).toBe(one[1]);
  }
  expect(new Set(drawn.flatMap(({ lowResolution }) => lowResolution?.up ?? []))).toEqual(new Set(["cubic"]));
});

test("a patch of long shape is turned by 15 degrees at most", () => {
  const augmenter = new PatchAugmenter({ patch: [64, 128], channels: 1, mode: "paper" });
  const angles = Array.from({ length: 400 }, (_, step) => Math.abs(augmenter.draw(step, 0, 1).space?.angle ?? 0));
  expect(Math.max(...angles)).toBeLessThanOrEqual(Math.PI / 12);
  expect(Math.max(...angles)).toBeGreaterThan(Math.PI / 16);
});

test("draws depend on the seed, the step and the item alone", () => {
  const make = () => new PatchAugmenter({ patch: [64, 64], channels: 1, mode: "paper" });
  const all = [0, 1, 2, 3].flatMap((step) => [0, 1, 2, 3].map((item) => make().draw(step, item, 5)));
  const again = make();
  expect([3, 2, 1, 0].flatMap((step) => [0, 1, 2, 3].map((item) => again.draw(step, item, 5))).slice(-4)).toEqual(all.slice(0, 4));
  expect(new Set(all.map((one) => JSON.stringify(one))).size).toBeGreaterThan(10);
});
