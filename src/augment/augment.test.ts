import { describe, expect, test } from "vitest";
import { normal } from "../tensor/random.ts";
import { type Augmentation, AugmentSettings, augment, augmentPresets, drawAugmentation, type Sample } from "./index.ts";

const size = 40;
const sample: Sample = {
  image: { channels: 1, height: size, width: size, data: normal("augment", 1, size * size).map((value) => 128 + 60 * value) },
  masks: [{ name: "left_lung", width: size, height: size, data: Uint8Array.from({ length: size * size }, (_, i) => Number(i % size < 9)) }],
  texts: ["left lung opacity"],
};
const keys = Array.from({ length: 3000 }, (_, i) => `case-${i}`);
const transforms = Object.keys(augmentPresets.none).filter(
  (name): name is keyof Augmentation & keyof AugmentSettings => name in drawAugmentation(augmentPresets.none, "a", 0, 1) && name !== "clip",
);

test("nothing acts by default, and the sample keeps its bytes where levels are in range", () => {
  const record = drawAugmentation(augmentPresets.none, "a", 0, 1);
  expect(Object.entries(record).filter(([name, value]) => value !== null && name !== "clip" && name !== "words")).toEqual([]);
  const inRange = { ...sample, image: { ...sample.image, data: sample.image.data.map((value) => Math.min(255, Math.max(0, value))) } };
  expect(augment(inRange, record)).toEqual(inRange);
  expect(augment(sample, { ...record, clip: null })).toEqual(sample);
});

test("the same arguments give the same record and the same bytes, in any order; records survive JSON", () => {
  const draw = (key: string) => drawAugmentation(augmentPresets.strong, key, 3, 42);
  const some = keys.slice(0, 60);
  const forwards = some.map((key) => augment(sample, draw(key)));
  const backwards = [...some].reverse().map((key) => augment(sample, JSON.parse(JSON.stringify(draw(key)))));
  expect(backwards.reverse()).toEqual(forwards);
});

test("key, epoch and seed all matter", () => {
  const records = [
    ["a", 0, 1],
    ["b", 0, 1],
    ["a", 1, 1],
    ["a", 0, 2],
  ].map(([key, epoch, seed]) => JSON.stringify(drawAugmentation(augmentPresets.strong, key as string, epoch as number, seed as number)));
  expect(new Set(records).size).toBe(4);
});

test("settings of one transform do not change what others draw", () => {
  const without = AugmentSettings.parse({ ...augmentPresets.strong, gamma: { probability: 0 }, rotation: { probability: 0 } });
  for (const key of keys.slice(0, 100)) {
    const [all, some] = [augmentPresets.strong, without].map((settings) => drawAugmentation(settings, key, 0, 1));
    expect({ ...some, gamma: null, spatial: null }).toEqual({ ...all, gamma: null, spatial: null });
    if (some!.spatial) expect({ ...some!.spatial, angle: 0 }).toEqual({ ...all!.spatial, angle: 0 });
  }
});

test.each(["light", "strong"] as const)("%s: transforms act with their probabilities, independently", (preset) => {
  const settings = augmentPresets[preset];
  const records = keys.map((key) => drawAugmentation(settings, key, 0, 1));
  const share = (...names: (keyof Augmentation)[]) =>
    records.filter((record) => names.every((name) => record[name] !== null)).length / records.length;
  expect(transforms.length).toBeGreaterThan(8);
  for (const name of transforms) {
    const { probability } = settings[name] as { probability: number };
    expect(Math.abs(share(name) - probability)).toBeLessThan(0.03);
  }
  expect(Math.abs(share("gamma", "contrast") - settings.gamma.probability * settings.contrast.probability)).toBeLessThan(0.02);
});

test("levels stay in range, the input stays as it is, and masks stay binary", () => {
  const before = structuredClone(sample);
  for (const key of keys.slice(0, 200)) {
    const { image, masks } = augment(sample, drawAugmentation(augmentPresets.strong, key, 0, 1));
    for (const value of image.data) if (!(value >= 0 && value <= 255)) throw new Error(`${key}: ${value}`);
    for (const value of masks![0]!.data) if (value > 1) throw new Error(`${key}: mask ${value}`);
  }
  expect(sample).toEqual(before);
});

test("frames, annotations and intensities change the image alone", () => {
  const record = drawAugmentation(
    AugmentSettings.parse({
      ...Object.fromEntries(transforms.map((name) => [name, { probability: 1 }])),
    }),
    "a",
    0,
    1,
  );
  expect(Object.values(record).filter((value) => value === null)).toHaveLength(1); // spatial
  const found = augment(sample, record);
  expect(found.image.data).not.toEqual(sample.image.data);
  expect(found.masks).toBe(sample.masks);
  expect(found.texts).toBe(sample.texts);
});

describe("mirroring", () => {
  const mirrored = (words: boolean) => drawAugmentation(AugmentSettings.parse({ mirror: { horizontal: 1, words }, clip: null }), "a", 0, 1);

  test("exchanges left and right in texts and names; twice gives the sample back", () => {
    const once = augment(sample, mirrored(true));
    expect(once.texts).toEqual(["right lung opacity"]);
    expect(once.masks![0]!.name).toBe("right_lung");
    expect(once.masks![0]!.data[0]).toBe(0);
    expect(augment(once, mirrored(true))).toEqual(sample);
  });

  test("leaves words alone if told so, or if top and bottom are exchanged", () => {
    expect(augment(sample, mirrored(false)).texts).toEqual(sample.texts);
    const vertical = drawAugmentation(AugmentSettings.parse({ mirror: { vertical: 1 } }), "a", 0, 1);
    expect(augment(sample, vertical).texts).toEqual(sample.texts);
  });
});

describe("settings", () => {
  // The list of nnU-Net 2.8.1, for z-scored patches.
  const nnunet = AugmentSettings.parse({
    rotation: { probability: 0.2 },
    scale: { probability: 0.2 },
    labelBorder: -1,
    noise: { probability: 0.1, sigma: [0, 0.1] },
    blur: { probability: 0.2 },
    brightness: { probability: 0.15 },
    contrast: { probability: 0.15 },
    lowResolution: { probability: 0.25 },
    invertedGamma: { probability: 0.1 },
    gamma: { probability: 0.3 },
    mirror: { horizontal: 0.5, vertical: 0.5, words: false },
    clip: null,
  });

  test("nnU-Net's list needs its probabilities alone; its ranges are the defaults", () => {
    expect([nnunet.rotation.degrees, nnunet.scale.factor, nnunet.blur.sigma, nnunet.brightness.factor, nnunet.contrast.factor]).toEqual([
      [-180, 180],
      [0.7, 1.4],
      [0.5, 1],
      [0.75, 1.25],
      [0.75, 1.25],
    ]);
    expect([nnunet.lowResolution.zoom, nnunet.gamma.gamma, nnunet.invertedGamma.gamma]).toEqual([
      [0.5, 1],
      [0.7, 1.5],
      [0.7, 1.5],
    ]);
    const records = keys.map((key) => drawAugmentation(nnunet, key, 0, 1, 2));
    expect(records.find(({ gamma }) => gamma)!.gamma!.gamma).toHaveLength(2); // each channel its own
    const turned = records.filter(({ spatial }) => spatial !== null && spatial.angle !== 0).length / records.length;
    expect(Math.abs(turned - 0.2)).toBeLessThan(0.03);
  });

  test("wrong ranges, probabilities and names are refused", () => {
    expect(() => AugmentSettings.parse({ gamma: { gamma: [1.5, 0.7] } })).toThrow("the first value must not exceed the second");
    expect(() => AugmentSettings.parse({ noise: { probability: 2 } })).toThrow();
    expect(() => AugmentSettings.parse({ scale: { factor: [0, 1] } })).toThrow();
    expect(() => AugmentSettings.parse({ flip: {} })).toThrow();
  });

  test("every setting is described", () => {
    for (const [name, setting] of Object.entries(AugmentSettings.shape)) {
      const inner = (setting.def as { innerType?: { shape?: Record<string, { description?: string }> } }).innerType?.shape;
      for (const [part, { description }] of Object.entries(inner ?? { [name]: setting })) {
        expect(description, `${name}.${part}`).toMatch(/\w/);
      }
    }
  });
});
