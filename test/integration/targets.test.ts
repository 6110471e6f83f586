import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { segmentTargets as segmentTargetsOfPixels } from "../../src/browser.ts";
import { loadModel, segment, segmentTargets } from "../../src/index.ts";
import { runEvaluate } from "../../src/pipeline/evaluate/run.ts";
import { EvaluateSettings } from "../../src/pipeline/evaluate/settings.ts";
import { runCoarse } from "../../src/pipeline/zero-shot/coarse.ts";
import { runRefine } from "../../src/pipeline/zero-shot/refine.ts";
import { runSaliency } from "../../src/pipeline/zero-shot/saliency.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import {
  CoarseRunSettings,
  RefineRunSettings,
  SaliencyRunSettings,
  SegmentSettings,
} from "../../src/pipeline/zero-shot/settings/commands.ts";
import { ImagePart } from "../../src/saliency/_image-part.ts";
import { decodeImage } from "../../src/scans/decode-image.ts";
import { readGray } from "../../src/scans/read-gray.ts";
import { SamPredictor } from "../../src/segment/index.ts";
import { collect, nanoModels, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-targets-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const names = ["a", "b"];
const [bright, dark] = ["bright lesion", "dark"];
let models: { clip: string; sam: string };
beforeAll(async () => {
  models = await nanoModels();
  for (const [i, name] of names.entries()) await writeDisc(at("in", `${name}.png`), i + 1, 48, 40);
});

const images = vi.spyOn(ImagePart.prototype, "of");
const encodings = vi.spyOn(SamPredictor.prototype, "setImage");
beforeEach(() => vi.clearAllMocks());

const quick = { saliencyMethod: "gradcam", layer: 0 } as const;
const common = () => ({ ...quick, ...models, inputs: [at("in")] });
const segmented = (out: string, given: object) =>
  collect(runSegment(SegmentSettings.parse({ ...common(), raw: true, out: at(out), ...given })));
const record = (out: string) => JSON.parse(readFileSync(at(out, "run.json"), "utf8"));
const files = (out: string) =>
  readdirSync(at(out), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "run.json")
    .map(({ parentPath, name }) => join(parentPath, name).slice(at(out).length + 1))
    .sort();
const same = (one: string, other: string) =>
  expect(readFileSync(at(one)).equals(readFileSync(at(other))), `${one} and ${other}`).toBe(true);

test("files that no run has made are not replaced in the folders of targets, either", async () => {
  const target = [`lesion=${bright}`, `dark=${dark}`];
  for (const name of ["masks_lesion", "labels", "raw_dark"]) {
    const out = `theirs-${name}`;
    mkdirSync(at(out, name), { recursive: true });
    writeFileSync(at(out, name, "a.png"), "ground truth");
    await expect(segmented(out, { target })).rejects.toThrow(`${name}${sep}a.png" already exists, and no record in`);
  }
});

describe("several targets", () => {
  const target = [`lesion=${bright}`, `dark=${dark}`];
  let events: Awaited<ReturnType<typeof segmented>>;
  let calls: number[];
  beforeAll(async () => {
    vi.clearAllMocks();
    events = await segmented("two", { target, spacing: [0.5, 2] });
    calls = [images.mock.calls.length, encodings.mock.calls.length];
    await segmented("bright", { prompt: [bright] });
    await segmented("dark", { prompt: [dark] });
  });

  test("come from one encoding of each image, and each equals a run with that target only", () => {
    expect(calls).toEqual([2, 2]);
    for (const [name, alone] of [
      ["lesion", "bright"],
      ["dark", "dark"],
    ] as const) {
      for (const kind of ["masks", "saliency", "coarse"])
        for (const image of names) same(`two/${kind}_${name}/${image}.png`, `${alone}/${kind}/${image}.png`);
      for (const image of names) same(`two/raw_${name}/${image}.safetensors`, `${alone}/raw/${image}.safetensors`);
    }
  });

  test("write their folders, a label image and its legend", async () => {
    const each = ["coarse", "masks", "saliency"].flatMap((kind) => ["dark", "lesion"].map((name) => `${kind}_${name}`));
    const pictures = [...each, "labels", "overlay"].flatMap((kind) => names.map((name) => `${kind}/${name}.png`));
    const raws = ["dark", "lesion"].flatMap((name) => names.map((image) => `raw_${name}/${image}.safetensors`));
    expect(files("two")).toEqual([...pictures, ...raws, "labels/legend.json"].sort());
    expect(JSON.parse(readFileSync(at("two", "labels", "legend.json"), "utf8"))).toEqual([
      { name: "lesion", value: 1, colour: [0, 238, 255], sentences: [bright] },
      { name: "dark", value: 2, colour: [255, 170, 0], sentences: [dark] },
    ]);
    const [labels, lesion, other] = await Promise.all(
      ["labels", "masks_lesion", "masks_dark"].map((kind) => readGray(at("two", kind, "a.png"))),
    );
    for (const [i, label] of labels!.data.entries()) {
      const inside = [lesion, other].flatMap((mask, k) => (mask!.data[i] === 255 ? [k + 1] : []));
      expect(inside.length === 0 ? [0] : inside).toContain(label);
    }
  });

  test("are evaluated one at a time", async () => {
    const evaluate = (pred: string) => collect(runEvaluate(EvaluateSettings.parse({ pred: at(pred), truth: at("bright", "masks") })));
    await expect(evaluate("two")).rejects.toThrow(/two" contains masks of several targets.*"[^"]*masks_dark", "[^"]*masks_lesion"$/);
    const [end] = (await evaluate("two/masks_lesion")).slice(-1);
    expect(end).toMatchObject({ type: "end", done: 2, failed: 0 });
  });

  test("are in the record, with areas in mm², and in the summary of an image", () => {
    const { targets, ...image } = record("two").images[0];
    expect(record("two").targets).toEqual([
      { name: "lesion", sentences: [bright] },
      { name: "dark", sentences: [dark] },
    ]);
    const { prompt, level, coarseAreaPx, boxes, points, scores, areaPx, areaMm2 } = record("bright").images[0];
    expect(areaMm2).toBe(null);
    expect(targets.lesion).toEqual({
      prompt,
      level,
      coarseAreaPx,
      boxes,
      points,
      scores,
      areaPx,
      areaMm2: areaPx,
      warnings: targets.lesion.warnings,
    });
    expect(Object.keys(targets)).toEqual(["lesion", "dark"]);
    expect(Object.keys(image)).not.toContain("areaPx");
    expect(image.made.segment.targets).toEqual({ lesion: [bright], dark: [dark] });
    const item = events.find(({ type }) => type === "item");
    expect(item).toMatchObject({ summary: expect.stringMatching(/^lesion: \d+ px.*; dark: \d+ px/) });
  });

  test("saliency, coarse and refine in a row give the same results, also for one image of the folder", async () => {
    const out = at("steps");
    await collect(runSaliency(SaliencyRunSettings.parse({ ...quick, clip: models.clip, inputs: [at("in")], target, raw: true, out })));
    await collect(runCoarse(CoarseRunSettings.parse({ inputs: [out], out })));
    await collect(
      runRefine(RefineRunSettings.parse({ sam: models.sam, inputs: [at("in")], coarse: out, raw: true, spacing: [0.5, 2], out })),
    );
    expect(files("steps")).toEqual(files("two"));
    for (const file of files("two")) same(`steps/${file}`, `two/${file}`);
    const [{ made: _, ms: __, ...ours }, { made: ___, ms: ____, ...theirs }] = [record("steps").images[0], record("two").images[0]];
    expect(ours).toEqual(
      JSON.parse(
        JSON.stringify(theirs)
          .replaceAll("segment: the coarse", "refine: the coarse")
          .replaceAll("segment: the mask", "refine: the mask")
          .replaceAll("segment: the sal", "saliency: the sal"),
      ),
    );
    await collect(
      runRefine(
        RefineRunSettings.parse({ sam: models.sam, inputs: [at("in", "a.png")], coarse: at("steps", "coarse_dark"), out: at("one") }),
      ),
    );
    same("one/masks/a.png", "two/masks_dark/a.png");
    expect(Object.keys(record("one").images[0].targets)).toEqual(["dark"]);
    for (const name of ["dark", "lesion"]) cpSync(at("two", `coarse_${name}`), at("bare", `coarse_${name}`), { recursive: true });
    await collect(
      runRefine(RefineRunSettings.parse({ sam: models.sam, inputs: [at("in", "a.png")], coarse: at("bare"), out: at("guessed") })),
    );
    expect(record("guessed").targets.map(({ name }: { name: string }) => name)).toEqual(["dark", "lesion"]); // by their folders, without a record
    same("guessed/masks_lesion/a.png", "two/masks_lesion/a.png");
  });

  test("resume with the same targets; another target needs --overwrite", async () => {
    cpSync(at("two"), at("again"), { recursive: true });
    rmSync(at("again", "labels", "b.png"));
    const given = { target, spacing: [0.5, 2] };
    expect((await segmented("again", given)).at(-1)).toMatchObject({ done: 1, skipped: 1 });
    const more = { ...given, target: [...target, "third=bright"] };
    await expect(segmented("again", more)).rejects.toThrow(/its targets were lesion, dark, now they are lesion, dark, third.*--overwrite/);
    await expect(segmented("again", { ...given, target: ["lesion=dark", target[1]] })).rejects.toThrow(
      /text prompt {"lesion":\["bright lesion"\].*--overwrite/,
    );
    await expect(segmented("again", { prompt: [bright], spacing: [0.5, 2] })).rejects.toThrow(
      /its targets were lesion, dark, now they are unnamed/,
    );
    await segmented("again", { prompt: [bright], overwrite: true });
    const [image] = record("again").images;
    expect(image.targets).toBeUndefined();
    expect(image).toMatchObject({ prompt: [bright], areaMm2: null });
    await segmented("again", { target: ["dark=dark"], overwrite: true });
    expect(record("again").images[0].prompt).toBeUndefined();
    same("again/masks/a.png", "two/masks_dark/a.png");
  });
});

test("a single named target has the usual folders, and its name in the record", async () => {
  await segmented("named", { target: [`lesion=${bright}`] });
  expect(files("named").filter((file) => /labels|_/.test(file))).toEqual([]);
  same("named/masks/a.png", "bright/masks/a.png");
  same("named/overlay/a.png", "bright/overlay/a.png");
  expect(record("named").images[0].targets.lesion.prompt).toEqual([bright]);
});

test("an image gets only the targets that a prompts file lists for it, and an image without a text is not encoded", async () => {
  writeFileSync(at("prompts.json"), JSON.stringify({ a: { lesion: bright }, b: { lesion: bright, dark: [dark, "the dark"] } }));
  await segmented("fewer", { prompts: at("prompts.json") });
  expect(["masks_lesion/a", "masks_dark/a", "labels/a", "masks_dark/b"].map((file) => existsSync(at("fewer", `${file}.png`)))).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect(Math.max(...(await readGray(at("fewer", "labels", "a.png"))).data)).toBeLessThan(2);
  expect(images).toHaveBeenCalledTimes(2);
  const [dry] = (await segmented("none", { prompts: at("prompts.json"), dryRun: true })).slice(-1);
  expect(dry).toMatchObject({ lines: expect.arrayContaining([expect.stringMatching(/^2 images with 3 targets, /)]) });
  expect(existsSync(at("none"))).toBe(false);
});

test("a tenth target on an image costs no image tower and no SAM encoder", async () => {
  const model = await loadModel(models);
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`t${i}`, i % 2 === 0 ? bright : dark]));
  const { targets } = await segmentTargets(model, at("in", "a.png"), ten, quick);
  expect(Object.keys(targets)).toHaveLength(10);
  expect([images.mock.calls.length, encodings.mock.calls.length]).toEqual([1, 1]);
  await model.dispose();
});

test("the library gives the same results from files and from pixels", async () => {
  const model = await loadModel(models);
  const file = at("in", "a.png");
  const { targets, labels } = await segmentTargets(model, file, { lesion: bright, dark: [dark] }, quick);
  expect([images.mock.calls.length, encodings.mock.calls.length]).toEqual([1, 1]);
  expect(Object.keys(targets)).toEqual(["lesion", "dark"]);
  expect(targets.dark).toEqual(await segment(model, file, dark, quick));
  expect(labels.data).toEqual((await readGray(at("two", "labels", "a.png"))).data);
  const { image } = await decodeImage(file);
  const ofPixels = await segmentTargetsOfPixels(model, image, { lesion: bright, dark }, { ...quick, name: "a.png" });
  expect(ofPixels).toEqual({ targets, labels });
  await expect(segmentTargets(model, file, {})).rejects.toThrow(
    'segmentTargets: targets must be an object of text prompts by name, { lung: "..." }, got',
  );
  await expect(segmentTargets(model, file, { "a b": bright })).rejects.toThrow('segmentTargets: "a b" cannot name a target');
  await expect(segmentTargets(model, file, { lesion: [] })).rejects.toThrow('segmentTargets, "lesion": the text prompt must be');
  await model.dispose();
});
