import { expect, test } from "vitest";
import { methodDefaults } from "./method-defaults.ts";

/** `layer` and `beta` are not read by patch-text, so they are meant for the methods that read them. */
const ofPack = {
  ...{ saliencyMethod: "patch-text", layer: 4, beta: 0.03, fit: "squash" },
  ...{ coarseMethod: "threshold", threshold: 0.75, keep: 2, minSaliency: 0.8, perComponent: true },
};

test("with the pack's methods its values hold, but for those that no method would read", () => {
  const { layer: _, beta: __, ...values } = ofPack;
  expect(methodDefaults(ofPack, {})).toEqual({ values, left: [] });
  expect(methodDefaults(ofPack, { saliencyMethod: "patch-text", coarseMethod: "threshold" })).toEqual({ values, left: [] });
});

test("with another saliency method neither its settings nor those of the coarse step hold", () => {
  const left = [{ choice: "saliencyMethod", own: "patch-text", names: ["coarseMethod", "threshold", "keep", "minSaliency"] }];
  const others = { saliencyMethod: "patch-text", fit: "squash", perComponent: true };
  expect(methodDefaults(ofPack, { saliencyMethod: "dense-text" })).toEqual({ values: others, left });
  expect(methodDefaults(ofPack, { saliencyMethod: () => {} })).toEqual({ values: others, left });
  expect(methodDefaults(ofPack, { saliencyMethod: "m2ib", coarseMethod: "threshold" })).toEqual({
    values: { ...others, layer: 4, beta: 0.03 },
    left,
  });
});

test("a value for the pack's method does not hold with another one that reads it", () => {
  const defaults = { saliencyMethod: "m2ib", layer: 3, steps: 5, fit: "pad" };
  const left = [{ choice: "saliencyMethod", own: "m2ib", names: ["layer", "steps"] }];
  expect(methodDefaults(defaults, { saliencyMethod: "nib" })).toEqual({ values: { saliencyMethod: "m2ib", fit: "pad" }, left });
  expect(methodDefaults({ layer: 3 }, {})).toEqual({ values: { layer: 3 }, left: [] }); // a pack that names no method is for m2ib
});

test("with another coarse method the settings of the coarse step do not hold", () => {
  expect(methodDefaults({ ...ofPack, layer: 4 }, { coarseMethod: "otsu" })).toEqual({
    values: { saliencyMethod: "patch-text", fit: "squash", coarseMethod: "threshold", perComponent: true },
    left: [{ choice: "coarseMethod", own: "threshold", names: ["threshold", "keep", "minSaliency"] }],
  });
  expect(methodDefaults({ threshold: 0.6, keep: 2 }, { coarseMethod: "threshold" }).values).toEqual({ threshold: 0.6 }); // kmeans does not read it
});
