import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadModel, segment } from "../../src/index.ts";
import { runEmbed } from "../../src/pipeline/embed/run.ts";
import { EmbedSettings } from "../../src/pipeline/embed/settings.ts";
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
import { decodeImage } from "../../src/scans/decode-image.ts";
import { readSafetensors, writeSafetensors } from "../../src/tensor/safetensors.ts";
import { nanoDenseClip } from "../support/models.ts";
import { collect, nanoModels, warningsOf, writeDisc, writeWords } from "../support/tiny-run.ts";

// What the results of models say that come from a pack, descend from one, or were never trained.

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-notices-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const demonstration = { notice: "demonstration only: do not use.", label: "Demo" };
const random = (kind: string) =>
  `random weights: the ${kind} model was made by "models init" (seed 3) and never trained, so its results mean nothing.`;
const models = {
  clip: { plain: "", demo: at("clip-demo"), random: at("clip-random") },
  sam: { plain: "", demo: at("sam-demo"), random: at("sam-random") },
};
type Kind = keyof typeof models.clip;

beforeAll(async () => {
  const { clip, sam } = await nanoModels();
  [models.clip.plain, models.sam.plain] = [clip, sam];
  for (const { plain, demo, random } of [models.clip, models.sam]) {
    await copyWith(plain, demo, demonstration);
    await copyWith(plain, random, { weights: "random, seed 3" });
  }
  await writeDisc(at("disc.png"), 1);
});

/** A copy of a model whose file has other metadata. */
async function copyWith(model: string, target: string, metadata: Record<string, string>): Promise<void> {
  cpSync(model, target, { recursive: true });
  const file = join(target, readdirSync(target).find((name) => name.endsWith(".safetensors"))!);
  await writeSafetensors(file, Object.fromEntries((await readSafetensors(file)).tensors), metadata);
}

const method = { prompt: ["a bright disc"], layer: 3, steps: 1, samples: 1, saliencyMethod: "m2ib" as const };
const record = (out: string) => JSON.parse(readFileSync(at(out, "run.json"), "utf8"));

/** Whether an overlay has the black bar on which a label stands. */
async function isMarked(out: string): Promise<boolean> {
  const { image } = await decodeImage(at(out, "overlay", "disc.png"), { mode: "paper" });
  const corner = 3 * (image.height - 1) * image.width;
  return image.data.subarray(corner, corner + 3).every((value) => value === 0);
}

test.each<[Kind, Kind, string[], string | undefined]>([
  ["plain", "plain", [], undefined],
  ["demo", "plain", [demonstration.notice], "Demo"],
  ["plain", "demo", [demonstration.notice], "Demo"],
  ["demo", "demo", [demonstration.notice], "Demo"],
  ["random", "plain", [random("CLIP")], "random weights"],
  ["plain", "random", [random("SAM")], "random weights"],
  ["random", "random", [random("CLIP"), random("SAM")], "random weights"],
  ["demo", "random", [demonstration.notice, random("SAM")], "Demo, random weights"],
])("segment with a %s CLIP and a %s SAM says so on the terminal, in run.json and in pictures", async (clip, sam, notices, label) => {
  const out = `segment-${clip}-${sam}`;
  const chosen = { clip: models.clip[clip], sam: models.sam[sam] };
  const events = await collect(runSegment(SegmentSettings.parse({ inputs: [at("disc.png")], ...method, ...chosen, out: at(out) })));
  expect(warningsOf(events).filter((message) => notices.includes(message) || /demonstration|random/.test(message))).toEqual(notices);
  const { notices: recorded = [], label: drawn } = record(out);
  expect([recorded, drawn]).toEqual([notices, label]);
  expect(await isMarked(out)).toBe(notices.length > 0);
  const model = await loadModel(chosen);
  expect(model.warnings).toEqual(notices);
  await model.dispose();
});

test("a part that was never trained is named by the runs that read it", async () => {
  const clip = await nanoDenseClip(writeWords());
  await copyWith(clip, at("clip-branch"), { untrained: "convolutional branch, image tower of somebody" });
  await copyWith(models.sam.plain, at("sam-masks"), { untrained: "network for mask prompts" });
  await copyWith(models.sam.plain, at("sam-encoder"), { untrained: "image encoder" });
  const part = (name: string, kind: string, worth: string) =>
    `random weights: the ${name} of the ${kind} model was made by "models init" and never trained, so ${worth}.`;
  const branch = part("convolutional branch", "CLIP", "maps of --saliency-method dense-text mean nothing");
  const masks = part("network for mask prompts", "SAM", "--mask-prompt makes its masks worse");
  const encoder = part("image encoder", "SAM", "do not rely on its results");
  const run = async (out: string, given: object) => {
    const chosen = { ...{ clip: at("clip-branch"), sam: at("sam-masks"), layer: 0, steps: 1, samples: 1 }, ...given };
    await collect(runSegment(SegmentSettings.parse({ inputs: [at("disc.png")], prompt: ["bright"], ...chosen, out: at(out) })));
    return [record(out).notices, record(out).label];
  };
  expect(await run("part-no", {})).toEqual([undefined, undefined]);
  expect(await run("part-dense", { saliencyMethod: "dense-text" })).toEqual([[branch], "random weights"]);
  expect(await run("part-both", { saliencyMethod: "dense-text", maskPrompt: true })).toEqual([[branch, masks], "random weights"]);
  expect(await run("part-encoder", { sam: at("sam-encoder") })).toEqual([[encoder], "random weights"]);
  const model = await loadModel({ clip: at("clip-branch"), sam: at("sam-masks") });
  expect(model.warnings).toEqual([]);
  const warningsWith = async (options: object) => (await segment(model, at("disc.png"), "bright", options)).warnings;
  expect(await warningsWith({ saliencyMethod: "dense-text", maskPrompt: true })).toEqual(expect.arrayContaining([branch, masks]));
  expect((await warningsWith({ saliencyMethod: "patch-text" })).join()).not.toContain("random weights");
  await model.dispose();
});

test("the three steps and their evaluation pass the notice on to what is made from their results", async () => {
  const clip = models.clip.demo;
  const saliency = SaliencyRunSettings.parse({ inputs: [at("disc.png")], ...method, clip, out: at("a") });
  const coarse = CoarseRunSettings.parse({ inputs: [at("a")], out: at("b") });
  const refine = RefineRunSettings.parse({ inputs: [at("disc.png")], coarse: at("b"), sam: models.sam.plain, out: at("c") });
  const evaluate = EvaluateSettings.parse({ pred: at("c"), truth: at("c", "masks"), json: at("scores.json") });
  for (const run of [runSaliency(saliency), runCoarse(coarse), runRefine(refine), runEvaluate(evaluate)])
    expect(warningsOf(await collect(run))).toContain(demonstration.notice);
  for (const out of ["a", "b", "c"]) expect(record(out)).toMatchObject({ notices: [demonstration.notice], label: "Demo" });
  expect(await isMarked("c")).toBe(true);
  expect(JSON.parse(readFileSync(at("scores.json"), "utf8")).warnings).toContain(demonstration.notice);
});

test("features bear the notice", async () => {
  const out = at("features.safetensors");
  const events = await collect(runEmbed(EmbedSettings.parse({ inputs: [], text: ["a disc"], clip: models.clip.random, out })));
  expect(warningsOf(events)).toContain(random("CLIP"));
  expect((await readSafetensors(out)).metadata.notice).toBe(random("CLIP"));
});

test("models opened from their contents say what their files say", async () => {
  const read = (...parts: string[]) => readFileSync(join(...parts));
  const { demo } = models.clip;
  const model = await loadModel({
    clip: {
      weights: read(demo, "open_clip_model.safetensors"),
      config: read(demo, "open_clip_config.json"),
      vocabulary: read(demo, "vocab.txt"),
    },
    sam: read(models.sam.random, "model.safetensors"),
  });
  expect(model.warnings).toEqual([demonstration.notice, random("SAM")]);
  await model.dispose();
});
