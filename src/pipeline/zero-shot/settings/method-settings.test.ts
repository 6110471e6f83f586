import { describe, expect, test } from "vitest";
import { z } from "zod";
import { coarseMethods } from "../../../coarse/index.ts";
import { withoutEffect } from "../../../run/settings/effect.ts";
import { type MethodRow, refuseForeign, saliencyMethods } from "../../../saliency/index.ts";
import { CoarseSettings } from "./coarse.ts";
import { SegmentSettings } from "./commands.ts";
import { settingsOfMethods } from "./method-settings.ts";
import { SaliencySettings } from "./saliency.ts";

describe.each<[string, [string, { readonly settings: z.ZodObject }][], z.ZodObject]>([
  ["saliency", Object.entries<MethodRow>(saliencyMethods), SaliencySettings],
  ["coarse", Object.entries(coarseMethods), CoarseSettings],
])("%s methods", (_, rows, all) => {
  test.each(rows)("%s reads settings of the command, with the type and the default that all methods share", (__, { settings }) => {
    const fieldsOf = (schema: z.ZodObject) =>
      Object.fromEntries(Object.entries(schema.shape).map(([key, field]) => [key, z.toJSONSchema((field as z.ZodType).describe(""))]));
    expect(fieldsOf(all)).toMatchObject(fieldsOf(settings));
  });
});

test("a setting's description names its methods where not all read it, and each meaning where they differ", () => {
  const table = {
    one: { settings: z.strictObject({ all: z.number().describe("A"), some: z.number().describe("S"), split: z.number().describe("X") }) },
    two: { settings: z.strictObject({ all: z.number().describe("A"), some: z.number().describe("S"), split: z.number().describe("Y") }) },
    three: { settings: z.strictObject({ all: z.number().describe("A"), split: z.number().describe("X") }) },
  };
  const { all, some, split } = settingsOfMethods(table, "method");
  expect(all.description).toBe("A");
  expect(some.description).toBe("for one and two: S");
  expect(split.description).toBe("for one and three: X; for two: Y");
});

test("settings of another method than the chosen one are named, others are not", () => {
  const given = ["layer", "beta", "threshold", "keep", "out"];
  const said = (settings: object) => {
    const all = { inputs: ["a.png"], out: "o", prompt: ["x"], layer: 3, ...settings };
    return withoutEffect(SegmentSettings, SegmentSettings.parse(all), given);
  };
  expect(said({ coarseMethod: "threshold" })).toEqual([]);
  expect(said({ saliencyMethod: "nib", coarseMethod: "threshold" })).toEqual([
    "--beta has no effect with --saliency-method nib; it is for --saliency-method m2ib",
  ]);
  expect(said({ saliencyMethod: "patch-text", coarseMethod: "otsu" })).toEqual([
    expect.stringContaining("--layer has no effect with --saliency-method patch-text; it is for --saliency-method m2ib or gradcam or"),
    "--beta has no effect with --saliency-method patch-text; it is for --saliency-method m2ib",
    "--threshold has no effect with --coarse-method otsu; it is for --coarse-method threshold",
  ]);
});

test("what would change the meaning of the map is refused with a method that does not read it", () => {
  const settings = SaliencySettings.parse({});
  expect(() => refuseForeign("m2ib", { ...settings, noise: "eps.safetensors", classToken: "noise" })).not.toThrow();
  expect(() => refuseForeign("nib", settings)).not.toThrow();
  expect(() => refuseForeign("nib", { ...settings, noise: "eps.safetensors" })).toThrow(
    "--noise eps.safetensors is for m2ib, and --saliency-method nib does not use it. Omit it, or use --saliency-method m2ib.",
  );
  expect(() => refuseForeign("gradcam", { ...settings, classToken: "noise" })).toThrow("--class-token noise is for m2ib");
});

test("a baseline makes neither map nor coarse mask, so their settings have no effect with it", () => {
  const given = { inputs: ["a.png"], prompt: ["lungs"], out: "out", saliencyMethod: "gradcam", layer: 3, coarseMethod: "otsu", keep: 2 };
  const names = Object.keys(given);
  const told = (more: object) => withoutEffect(SegmentSettings, SegmentSettings.parse({ ...given, ...more }), names);
  expect(told({})).toEqual([]);
  expect(told({ baseline: "salip" })).toEqual([
    "--saliency-method has no effect with --baseline",
    expect.stringContaining("--layer has no effect with --baseline"),
    "--coarse-method has no effect with --baseline",
  ]);
});
