import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWeakPseudoLabel } from "../../src/pipeline/weak/pseudo-label/run.ts";
import { WeakPseudoLabelSettings } from "../../src/pipeline/weak/pseudo-label/settings.ts";
import { runSaliency } from "../../src/pipeline/zero-shot/saliency.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import { SaliencyRunSettings, SegmentSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import { collect, nanoModels, warningsOf, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-prompt-set-runs-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const names = ["a", "b", "c"];
const generic = ["bright lesion", "a dark lesion", "the lesion", "dark and bright"];
const classes = { disc: ["bright", "a bright lesion"], hole: ["dark"] };
let common: { readonly clip: string; readonly sam: string; readonly [setting: string]: unknown };
beforeAll(async () => {
  for (const [i, name] of names.entries()) await writeDisc(at("in", `${name}.png`), i + 1, 48, 40);
  const sets = { P2: generic, P3: classes };
  writeFileSync(at("sets.json"), JSON.stringify({ title: "discs", modality: "drawing", target: "disc", sets }));
  writeFileSync(at("classes.csv"), "filename,class\na.png,disc\nb.png,hole\nc.png,disc\n");
  common = { ...(await nanoModels()), saliencyMethod: "gradcam", layer: 0, inputs: [at("in")] };
});

const segmented = (out: string, given: object) => collect(runSegment(SegmentSettings.parse({ ...common, out: at(out), ...given })));
const record = (out: string) => JSON.parse(readFileSync(at(out, "run.json"), "utf8"));
const prompts = (out: string) => record(out).images.map(({ prompt }: { prompt: string[] }) => prompt);

test("each image gets its sentence, a rerun keeps it, and another seed asks for other sentences", async () => {
  const promptSet = `${at("sets.json")}#P2`;
  await segmented("drawn", { promptSet });
  const found = prompts("drawn");
  for (const one of found) {
    expect(one).toHaveLength(1);
    expect(generic).toContain(one[0]);
  }
  expect(record("drawn")).not.toHaveProperty("classAware");
  expect((await segmented("drawn", { promptSet })).at(-1)).toMatchObject({ done: 0, skipped: 3 });
  expect(prompts("drawn")).toEqual(found);
  await expect(segmented("drawn", { promptSet, seed: 43 })).rejects.toThrow("seed");
});

test("an ensemble has no draws, so the seed does not matter", async () => {
  const promptSet = `${at("sets.json")}#P4`;
  await segmented("ensemble", { promptSet });
  expect(prompts("ensemble")).toEqual([generic, generic, generic]);
  expect((await segmented("ensemble", { promptSet, seed: 43 })).at(-1)).toMatchObject({ done: 0, skipped: 3 });
});

test("a run that is told the classes says so in a warning and in the record", async () => {
  const given = { promptSet: `${at("sets.json")}#P5`, classAware: at("classes.csv") };
  const events = await segmented("told", given);
  expect(warningsOf(events)).toContainEqual(expect.stringContaining("the text prompts name the class of each image"));
  expect(prompts("told")).toEqual([classes.disc, classes.hole, classes.disc]);
  expect(record("told")).toMatchObject({ classAware: true, images: names.map(() => ({ classAware: true })) });

  const { sam: _, ...ofMaps } = common;
  await collect(runSaliency(SaliencyRunSettings.parse({ ...ofMaps, ...given, out: at("maps") })));
  expect(record("maps")).toMatchObject({ classAware: true, images: [{ classAware: true, prompt: classes.disc }, {}, {}] });
});

test("pseudo-labels take prompt sets, too", async () => {
  const settings = { ...common, seeds: 1, perturbations: 0, minKept: 1 };
  const run = (given: object) => collect(runWeakPseudoLabel(WeakPseudoLabelSettings.parse({ ...settings, ...given })));
  const told = { promptSet: `${at("sets.json")}#P5`, classAware: at("classes.csv"), out: at("labels") };
  // The gate may drop all masks of random weights, which it says after the work.
  await run(told).catch((error: Error) => expect(error.message).toContain("kept"));
  expect(record("labels")).toMatchObject({ classAware: true, images: [{ classAware: true }, {}, {}] });
  expect(
    record("labels").images.map(({ made }: { made: Record<string, { prompt: string[] }> }) => made["weak pseudo-label"]!.prompt),
  ).toEqual([classes.disc, classes.hole, classes.disc]);
  expect(() => WeakPseudoLabelSettings.parse({ ...settings, out: at("none") })).toThrow("give the text prompt in one way");
});
