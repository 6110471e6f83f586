import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadModel, loadPack, segment } from "../../src/index.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { nanoModels, writeDisc } from "../support/tiny-run.ts";

// What the command says about a pack: which settings it sets, and how to take them or its models.

let folder: string;
let image: string;
let models: { clip: string; sam: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medclip-sam-pack-settings-"));
  image = join(folder, "disc.png");
  models = await nanoModels();
  await writeDisc(image, 1);
});
afterAll(() => rm(folder, { recursive: true }));

const segmentWith = (...flags: string[]) =>
  runInProcess(["segment", image, "--prompt", "the heart", "--out", join(folder, "out"), "--dry-run", ...flags]);

const ofPhantom = (...flags: string[]) => segmentWith("--pack", "phantom", ...flags);

test("without models the starter pack is used", async () => {
  expect((await segmentWith()).stderr).toMatch(/^settings of the pack "starter": --saliency-method dense-text /m);
});

test("a run says which settings with an effect the pack has set, and leaves out the given ones", async () => {
  const all = (await ofPhantom()).stderr;
  expect(all).toMatch(
    /^settings of the pack "phantom": --saliency-method patch-text --fit squash --coarse-method threshold --threshold 0.75 --keep 2 --min-saliency 0.8 --visual-prompt box --per-component$/m,
  );
  const some = (await ofPhantom("--keep", "1", "--fit", "pad")).stderr;
  expect(some).toMatch(
    /^settings of the pack "phantom": --saliency-method patch-text --coarse-method threshold --threshold 0.75 --min-saliency 0.8 --visual-prompt box --per-component$/m,
  );
  expect((await ofPhantom("--quiet")).stderr).not.toContain("settings of the pack");
  expect((await segmentWith("--clip", models.clip, "--sam", models.sam)).stderr).not.toContain("settings of the pack");
  const { stdout } = await ofPhantom("--events");
  expect(stdout).toMatch(/^\{"type":"note","message":"settings of the pack /m);
});

test("with another method than the pack's, its values for that method do not hold, and the run says so", async () => {
  const coarse = (await ofPhantom("--coarse-method", "otsu", "--keep", "3")).stderr;
  expect(coarse).toMatch(
    /^settings of the pack "phantom": --saliency-method patch-text --fit squash --visual-prompt box --per-component$/m,
  );
  expect(coarse).toMatch(
    /^not taken from the pack "phantom", as they go with its --coarse-method threshold: --threshold 0.75 --min-saliency 0.8$/m,
  );
  const saliency = (await ofPhantom("--saliency-method", "m2ib")).stderr;
  expect(saliency).toMatch(
    /^settings of the pack "phantom": --layer 4 --beta 0.03 --samples 4 --fit squash --visual-prompt box --per-component$/m,
  );
  expect(saliency).toMatch(
    /^not taken from the pack "phantom", as they go with its --saliency-method patch-text: --coarse-method threshold --threshold 0.75 --keep 2 --min-saliency 0.8$/m,
  );
});

test("mask prompts are doubtful with the SAM of a pack that does not use them", async () => {
  const doubt = 'the pack "phantom" does not set --mask-prompt';
  expect((await ofPhantom("--mask-prompt")).stderr).toContain(doubt);
  expect((await ofPhantom()).stderr).not.toContain(doubt);
  expect((await segmentWith("--mask-prompt", "--pack", "phantom", "--sam", models.sam)).stderr).not.toContain(doubt);
});

test("coarse masks of maps that another method than the pack's has made do not use the pack's values either", async () => {
  const out = join(folder, "nib");
  const flags = ["--saliency-method", "nib", "--steps", "2"];
  expect((await runInProcess(["saliency", image, "--prompt", "the heart", "--pack", "phantom", "--out", out, ...flags])).status).toBe(0);
  const { status, stderr } = await runInProcess(["coarse", out, "--out", out]);
  expect(status).toBe(0);
  expect(stderr).toContain(`was made with the pack "phantom", so its settings apply here, too: none`);
  const { settings } = JSON.parse(await readFile(join(out, "run.json"), "utf8"));
  expect(settings).toMatchObject({ coarseMethod: "kmeans", keep: 1, minSaliency: 0 });
});

test("in the library, too, a pack's values hold with its own method only", async () => {
  const model = await loadPack("phantom");
  const ofPack = await segment(model, image, "the heart", { saliencyMethod: undefined });
  const threshold = { coarseMethod: "threshold", threshold: 0.75, keep: 2, minSaliency: 0.8 } as const;
  const other = await segment(model, image, "the heart", { saliencyMethod: "nib", steps: 2 });
  const stretched = await segment(model, image, "the heart", { saliencyMethod: "nib", steps: 2, coarseMethod: "kmeans" });
  await expect(segment(model, image, "the heart", { saliencyMethod: "dense-text" })).rejects.toThrow("needs a CLIP with a convolutional");
  expect(ofPack.coarse).toEqual((await segment(model, image, "the heart", threshold)).coarse);
  expect(other.coarse).toEqual(stretched.coarse);
  expect(other.coarse).not.toEqual((await segment(model, image, "the heart", { saliencyMethod: "nib", steps: 2, ...threshold })).coarse);
  await model.dispose();
});

test("a layer that a model of the pack lacks is answered with the pack's settings, for the models that were named", async () => {
  const { status, stderr } = await segmentWith("--clip", "phantom", "--sam", models.sam, "--layer", "7");
  expect(status).toBe(2);
  expect(stderr).toContain("layer 7 does not exist");
  expect(stderr).toContain(`whose settings suit it better: --pack phantom --sam ${models.sam} takes them`);
  expect((await segmentWith("--pack", "phantom", "--sam", models.sam)).status).toBe(0);
  const wrong = (await segmentWith("--pack", "phantom", "--layer", "9")).stderr;
  expect(wrong).toContain("layer 9 does not exist");
  expect(wrong).not.toContain("suit it better");
  const model = await loadModel({ clip: "phantom", sam: "phantom" });
  await expect(segment(model, image, "the heart", { layer: 7 })).rejects.toThrow(/layer 7 does not exist.*loadPack\("phantom"\)/);
  await model.dispose();
});

test("a tower of fewer blocks has a default layer at the same part of its depth, and a warning says so", async () => {
  const model = await loadModel({ clip: "phantom", sam: "phantom" });
  const { warnings, saliency } = await segment(model, image, "the heart", { saliencyMethod: "nib", steps: 2 });
  expect(warnings).toContain("the image tower has 6 blocks, so the default of --layer is 3 instead of 7");
  const chosen = await segment(model, image, "the heart", { saliencyMethod: "nib", steps: 2, layer: 3 });
  expect(chosen.saliency).toEqual(saliency);
  expect(chosen.warnings).not.toContainEqual(expect.stringContaining("default of --layer"));
  await model.dispose();
});

test("a model that is missing because the other was named is asked for with the pack's", async () => {
  const clip = await segmentWith("--sam", models.sam);
  expect([clip.status, clip.stderr]).toEqual([3, expect.stringContaining("add --clip starter to take its CLIP model, or --pack starter")]);
  const sam = await segmentWith("--clip", models.clip);
  expect([sam.status, sam.stderr]).toEqual([3, expect.stringContaining("add --sam starter to take its SAM model, or --pack starter")]);
});

test("a path that does not exist is answered with where published weights come from", async () => {
  const clip = await segmentWith("--clip", "models/biomedclip", "--sam", models.sam);
  expect(clip.status).toBe(3);
  expect(clip.stderr).toMatch(/"models\/biomedclip" is neither .*biomedclip, .*`medclip-sam models pull NAME`/);
  const sam = await segmentWith("--clip", models.clip, "--sam", "models/sam");
  expect(sam.stderr).toMatch(/"models\/sam" is neither .*sam-vit-b, .*`medclip-sam models pull NAME`/);
});
