import { expect, test } from "vitest";
import { describeWith, readCase, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { uniform } from "./random.ts";
import { type RecipeFamily, recipePieces, recipeTensor } from "./recipe.ts";
import { type RecipeRule, recipeRules } from "./recipe-rules.ts";
import { readSafetensors } from "./safetensors.ts";

// By hand: the rule is center 1, amplitude 0.3, and u is the stream of the tensor's name.
test("a value is center + amplitude (2u - 1) of the tensor's own stream", () => {
  const u = uniform("visual.trunk.norm.weight", 7);
  const expected = [0, 1, 2].map((i) => Math.fround(1 + 0.3 * (2 * u.at(i) - 1)));
  expect([...recipeTensor("biomedclip", "visual.trunk.norm.weight", [3], 7)]).toEqual(expected);
});

test("the amplitude of a layer falls with the root of its inputs: gain √(3 / fan)", () => {
  const values = recipeTensor("sam", "image_encoder.blocks.0.attn.qkv.weight", [100, 10, 30], 1);
  const limit = 1.3 * Math.sqrt(3 / 300);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeLessThanOrEqual(limit);
  expect(largest).toBeGreaterThan(0.999 * limit);
});

test("a scalar with amplitude 0 is its center", () => {
  expect([...recipeTensor("biomedclip", "logit_scale", [], 1)]).toEqual([Math.fround(4.4454)]);
});

test("a tensor made in parts equals the tensor made at once, also far from its start", () => {
  const make = (start?: number, count?: number) => recipeTensor("unet", "encoder.conv.weight", [3, 2 ** 20], 5, start, count);
  const whole = make();
  expect([...make(3_000_000, 5)]).toEqual([...whole.subarray(3_000_000, 3_000_005)]);
  const pieces = [...recipePieces("unet", "encoder.conv.weight", [3, 2 ** 20], 5)];
  expect(pieces.length).toBeGreaterThan(1);
  expect(Buffer.concat(pieces.map((piece) => Buffer.from(piece.buffer))).equals(Buffer.from(whole.buffer))).toBe(true);
});

test("a name without a rule is an error that names it", () => {
  expect(() => recipeTensor("sam", "mystery.tensor", [1], 1)).toThrow(
    'recipeTensor: no rule of the family "sam" matches the tensor name "mystery.tensor"',
  );
});

describeWith(["parity/recipe/check.json", "parity/recipe/recipe.json"], "the published recipe", () => {
  interface Check {
    family: RecipeFamily;
    name: string;
    shape: number[];
    seed: number;
    first: number[];
    last: number;
    mean: number;
    sum_abs: number;
  }

  test.each(sharedJson<{ tensors: Check[] }>("parity/recipe/check.json").tensors)("$family $name has the check values", (check) => {
    const values = recipeTensor(check.family, check.name, check.shape, check.seed);
    expect([...values.subarray(0, 4)]).toEqual(check.first);
    expect(values.at(-1)).toBe(check.last);
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(check.mean, 12);
    expect(values.reduce((sum, value) => sum + Math.abs(value), 0)).toBeCloseTo(check.sum_abs, 7);
  });

  test("the rules are the published ones, in their order", () => {
    type Published = { name: string; amplitude: number | "fan"; center?: number; gain?: number };
    const { families } = sharedJson<{ families: Record<string, Published[]> }>("parity/recipe/recipe.json");
    const complete = ({ amplitude, center = 0, gain = 1 }: Omit<RecipeRule, "name">) => ({ amplitude, center, gain });
    for (const [family, published] of Object.entries(families)) {
      const ours: readonly RecipeRule[] = recipeRules[family as RecipeFamily];
      expect(ours.map((rule) => [rule.name.source, complete(rule)])).toEqual(published.map((rule) => [rule.name, complete(rule)]));
    }
  });
});

describeWith(
  ["parity/clip/mini/open_clip_model.safetensors", "parity/clip/features-mini.safetensors"],
  "a published model made by the recipe",
  () => {
    test("every value of the mini model is ours", async () => {
      const { tensors } = await readSafetensors(sharedPath("parity", "clip", "mini", "open_clip_model.safetensors"));
      const { settings } = await readCase("parity/clip/features-mini.safetensors");
      for (const [name, { shape, data }] of tensors) expect(recipeTensor("biomedclip", name, shape, settings.seed), name).toEqual(data);
    });
  },
);
