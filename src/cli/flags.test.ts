import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { EvaluateSettings } from "../pipeline/evaluate/settings.ts";
import { SegmentSettings } from "../pipeline/zero-shot/settings/commands.ts";
import { settingGroups } from "../run/settings/meta.ts";
import { flagsOf, readConfig, settingsFrom } from "./flags.ts";

const Settings = z.strictObject({
  inputs: z.array(z.string()).min(1).describe("images"),
  out: z.string().describe("folder").meta({ placeholder: "PATH" }),
  layer: z.number().int().nonnegative().default(7).describe("block"),
  lr: z.number().positive().default(1).describe("learning rate"),
  threshold: z.number().min(0).max(1).default(0.3).describe("share"),
  coarseMethod: z.enum(["kmeans", "otsu"]).default("kmeans").describe("how"),
  perComponent: z.boolean().default(false).describe("one box each"),
  text: z.array(z.string().min(1)).optional().describe("sentence"),
  prompt: z
    .array(z.string())
    .optional()
    .describe("sentence")
    .meta({ excludes: ["prompts"] }),
  prompts: z
    .string()
    .optional()
    .describe("file")
    .meta({ excludes: ["prompt"], placeholder: "FILE" }),
  spacing: z.tuple([z.number().positive(), z.number().positive()]).optional().describe("millimetres"),
  json: z.string().optional().describe("scores").meta({ placeholder: "FILE" }),
});
const positionals = [{ key: "inputs", label: "an image or folder" }];
const least = { inputs: ["a.png"], out: "results" };
const parse = (flags: object, values?: object) =>
  settingsFrom(Settings, { flags: { ...least, ...flags }, config: values && { file: "c.yaml", values: { ...values } }, positionals });

describe("flags come from the schema", () => {
  const flags = Object.fromEntries(flagsOf(Settings).map((flag) => [flag.key, flag]));

  test("names are in kebab-case", () => {
    expect(flags.coarseMethod?.name).toBe("coarse-method");
    expect(flags.perComponent?.name).toBe("per-component");
  });

  test("kind, default, meaning and choices", () => {
    expect(flags.layer).toMatchObject({ kind: "number", default: 7, description: "block", placeholder: "N" });
    expect(flags.coarseMethod).toMatchObject({ kind: "text", default: "kmeans", placeholder: "kmeans|otsu" });
    expect(flags.perComponent?.kind).toBe("switch");
    expect(flags.text?.kind).toBe("list");
    expect(flags.spacing).toMatchObject({ kind: "numbers", placeholder: "N,N" });
  });

  test("valid values are described in words", () => {
    expect(flags.layer?.expected).toBe("a whole number of at least 0");
    expect(flags.lr?.expected).toBe("a number above 0");
    expect(flags.threshold?.expected).toBe("a number from 0 to 1");
    expect(flags.coarseMethod?.expected).toBe("one of kmeans, otsu");
  });

  test("flags are sorted by group", () => {
    const groups = flagsOf(SegmentSettings).map(({ group }) => group);
    expect([...new Set(groups)]).toEqual([
      "Input",
      "Saliency",
      "Coarse mask",
      "SAM",
      "Regions",
      "Not present",
      "Volumes",
      "Output",
      "Machine",
    ]);
    expect(groups).toEqual([...groups].sort((a, b) => settingGroups.indexOf(a!) - settingGroups.indexOf(b!)));
  });

  test("every setting of the commands has a flag with a description", () => {
    for (const schema of [SegmentSettings, EvaluateSettings]) {
      for (const flag of flagsOf(schema)) expect(flag.description, flag.name).not.toBe("");
    }
  });
});

describe("values", () => {
  test("texts become numbers, missing values become defaults", () => {
    expect(parse({ layer: "3", lr: "1e-3", spacing: "0.5,1.25", text: ["a", "b"], perComponent: true })).toEqual({
      ...least,
      layer: 3,
      lr: 0.001,
      threshold: 0.3,
      coarseMethod: "kmeans",
      perComponent: true,
      text: ["a", "b"],
      spacing: [0.5, 1.25],
    });
  });

  test.each([
    [{ layer: "abc" }, '--layer: expected a whole number of at least 0, got "abc"'],
    [{ layer: "1.5" }, '--layer: expected a whole number of at least 0, got "1.5"'],
    [{ layer: "" }, '--layer: expected a whole number of at least 0, got ""'],
    [{ lr: "0" }, '--lr: expected a number above 0, got "0"'],
    [{ threshold: "2" }, '--threshold: expected a number from 0 to 1, got "2"'],
    [{ coarseMethod: "otus" }, '--coarse-method: expected one of kmeans, otsu, got "otus"; did you mean "otsu"?'],
    [{ coarseMethod: "watershed" }, /--coarse-method: expected one of kmeans, otsu, got "watershed"$/],
    [{ spacing: "1" }, '--spacing: expected 2 comma-separated values, each a number above 0, got "1"'],
    [{ out: undefined }, "--out is missing: folder (--out PATH)"],
    [{ inputs: undefined }, "an image or folder is missing: images"],
  ])("%j is rejected", (flags, message) => {
    expect(() => parse(flags)).toThrow(ConfigError);
    expect(() => parse(flags)).toThrow(message);
  });

  test("all wrong values are reported at once", () => {
    expect(() => parse({ layer: "x", lr: "y" })).toThrow(/--layer.*\n--lr/);
  });

  test("flags take precedence over the settings file, which takes precedence over defaults", () => {
    expect(parse({ layer: "3" }, { layer: 5, threshold: 0.5 })).toMatchObject({ layer: 3, threshold: 0.5, lr: 1 });
    expect(parse({ perComponent: false }, { perComponent: true }).perComponent).toBe(false);
    expect(parse({}, { text: "one sentence" }).text).toEqual(["one sentence"]);
  });

  test("a wrong value of the settings file is reported with the file name", () => {
    expect(() => parse({}, { layer: "seven" })).toThrow('"layer" in "c.yaml": expected a whole number of at least 0, got "seven"');
  });

  test("a flag for one of two alternatives replaces the other one in the file", () => {
    expect(parse({ prompts: "p.json" }, { prompt: ["a"] })).toMatchObject({ prompts: "p.json" });
    expect(parse({ prompts: "p.json" }, { prompt: ["a"] }).prompt).toBeUndefined();
  });

  test("an empty text, as from an unset shell variable, is a missing value", () => {
    expect(() => parse({ out: "" })).toThrow("--out is missing: its PATH is empty (folder)");
    expect(() => parse({ prompts: "" })).toThrow("--prompts is missing: its FILE is empty (file)");
    expect(() => parse({}, { prompts: "" })).toThrow("--prompts is missing");
  });

  test("the schema explains settings that cannot be combined", () => {
    const flags = { inputs: ["a.png"], out: "o", prompt: ["x"], prompts: "p.json" };
    expect(() => settingsFrom(SegmentSettings, { flags, positionals })).toThrow("in one way only: --prompt TEXT");
    const none = { inputs: ["a.png"], out: "o" };
    expect(() => settingsFrom(SegmentSettings, { flags: none, positionals })).toThrow("no text prompt: pass --prompt TEXT");
  });
});

describe("settings files", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "config-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const written = async (text: string) => {
    await writeFile(join(folder, "c.yaml"), text);
    return await readConfig(join(folder, "c.yaml"), Settings);
  };

  test("keys are flags in kebab-case or settings in camelCase", async () => {
    const { values } = await written("coarse-method: otsu\nperComponent: true\nspacing: [0.5, 1]\n# a remark\ntext:\n  - a\n  - b\n");
    expect(values).toEqual({ coarseMethod: "otsu", perComponent: true, spacing: [0.5, 1], text: ["a", "b"] });
  });

  test("an empty file has no settings", async () => expect((await written("")).values).toEqual({}));

  test.each([
    ["layr: 3", /unknown setting "layr"; did you mean "layer"\?/],
    ["zzzzzzzzzzzzzz: 3", /unknown setting "zzzzzzzzzzzzzz"; known settings: inputs, out, layer/],
    ["coarse-method: otsu\ncoarseMethod: otsu", /"coarse-method" twice/],
    ["- a\n- b", /must contain settings/],
    ["a: [", /is not YAML/],
  ])("%j is rejected", async (text, message) => {
    await expect(written(text)).rejects.toThrow(ConfigError);
    await expect(written(text)).rejects.toThrow(message);
  });

  test("a missing file is reported by name", async () => {
    await expect(readConfig(join(folder, "none.yaml"), Settings)).rejects.toThrow(/--config: .*none.yaml" does not exist/);
  });
});

test('"-" in place of a file is refused on the command line and in a settings file; "./-" is a file', () => {
  const message = '--json: expected the name of a file, got "-". Standard output is /dev/stdout; "./-" is something of that name.';
  expect(() => parse({ json: "-" })).toThrow(new ConfigError(message));
  expect(() => parse({}, { json: "-" })).toThrow(message);
  expect(parse({ json: "./-", text: ["-"] })).toMatchObject({ json: "./-", text: ["-"] });
});
