import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadModel, segment } from "../../src/index.ts";
import { builtCommand } from "../support/build.ts";
import { runCommand } from "../support/command.ts";
import { nanoModels, writeDisc } from "../support/tiny-run.ts";

// What the command says about the included pack: which settings it sets, and how to take them or its models.

let folder: string;
let image: string;
let models: { clip: string; sam: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medclip-sam-pack-settings-"));
  image = join(folder, "disc.png");
  models = await nanoModels();
  await writeDisc(image, 1);
  await builtCommand();
});
afterAll(() => rm(folder, { recursive: true }));

const segmentWith = (...flags: string[]) =>
  runCommand(["segment", image, "--prompt", "the heart", "--out", join(folder, "out"), "--dry-run", ...flags]);

test("a run says which settings with an effect the pack has set, and leaves out the given ones", async () => {
  const all = (await segmentWith()).stderr;
  expect(all).toMatch(
    /^settings of the pack "phantom": --saliency-method patch-text --fit squash --coarse-method threshold --threshold 0.75 --keep 2 --min-saliency 0.8 --visual-prompt box --per-component$/m,
  );
  const some = (await segmentWith("--keep", "1", "--coarse-method", "otsu")).stderr;
  expect(some).toMatch(
    /^settings of the pack "phantom": --saliency-method patch-text --fit squash --min-saliency 0.8 --visual-prompt box --per-component$/m,
  );
  expect((await segmentWith("--quiet")).stderr).not.toContain("settings of the pack");
  expect((await segmentWith("--clip", models.clip, "--sam", models.sam)).stderr).not.toContain("settings of the pack");
  const { stdout } = await segmentWith("--events");
  expect(stdout).toMatch(/^\{"type":"note","message":"settings of the pack /m);
});

test("a layer that a model of the pack lacks is answered with the pack's settings, for the models that were named", async () => {
  const { status, stderr } = await segmentWith("--clip", "phantom", "--sam", models.sam);
  expect(status).toBe(2);
  expect(stderr).toContain("layer 7 does not exist");
  expect(stderr).toContain(`whose settings suit it better: --pack phantom --sam ${models.sam} takes them`);
  expect((await segmentWith("--pack", "phantom", "--sam", models.sam)).status).toBe(0);
  const wrong = (await segmentWith("--pack", "phantom", "--layer", "9")).stderr;
  expect(wrong).toContain("layer 9 does not exist");
  expect(wrong).not.toContain("suit it better");
  const model = await loadModel({ clip: "phantom", sam: "phantom" });
  await expect(segment(model, image, "the heart")).rejects.toThrow(/layer 7 does not exist.*loadPack\("phantom"\)/);
  await model.dispose();
});

test("a model that is missing because the other was named is asked for with the pack's", async () => {
  const clip = await segmentWith("--sam", models.sam);
  expect([clip.status, clip.stderr]).toEqual([3, expect.stringContaining("add --clip phantom to take its CLIP model, or --pack phantom")]);
  const sam = await segmentWith("--clip", models.clip);
  expect([sam.status, sam.stderr]).toEqual([3, expect.stringContaining("add --sam phantom to take its SAM model, or --pack phantom")]);
});

test("a path that does not exist is answered with where published weights come from", async () => {
  const clip = await segmentWith("--clip", "models/biomedclip", "--sam", models.sam);
  expect(clip.status).toBe(3);
  expect(clip.stderr).toMatch(/"models\/biomedclip" is neither .*Nothing is downloaded: .*microsoft\/BiomedCLIP/);
  const sam = await segmentWith("--clip", models.clip, "--sam", "models/sam");
  expect(sam.stderr).toMatch(/"models\/sam" is neither .*Nothing is downloaded: .*facebook\/sam-vit-base/);
});
