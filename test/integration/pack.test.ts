import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { locatePack } from "../../src/hub/pack.ts";
import { decodeImage, loadPack, segment } from "../../src/index.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { nanoModels, writeDisc } from "../support/tiny-run.ts";

// A CLIP and a SAM that belong together, with the settings that suit them.

const notice = "These models are random and show nothing but the way.";
let folder: string;
let pack: string;
let image: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medclip-sam-pack-"));
  pack = join(folder, "pack");
  image = join(folder, "disc.png");
  const models = await nanoModels();
  await cp(models.clip, join(pack, "clip"), { recursive: true });
  await cp(models.sam, join(pack, "sam"), { recursive: true });
  await writePack({ layer: 3, steps: 3, samples: 2, visualPrompt: "both" });
  await writeDisc(image, 1);
});
afterAll(() => rm(folder, { recursive: true }));

const writePack = (defaults: Record<string, unknown>) =>
  writeFile(join(pack, "pack.json"), JSON.stringify({ name: "random", notice, label: "Random", clip: "clip", sam: "sam", defaults }));
const run = async (out: string) => JSON.parse(await readFile(join(folder, out, "run.json"), "utf8"));

test("a pack provides both models and default settings; every output has its notice", async () => {
  const args = ["segment", image, "--prompt", "a bright disc", "--pack", pack, "--steps", "2", "--out", join(folder, "segment")];
  const { status, stderr } = await runInProcess(args);
  expect(status).toBe(0);
  expect(stderr).toContain(notice);
  const { settings, weights, notices, images } = await run("segment");
  expect(settings).toMatchObject({ layer: 3, steps: 2, samples: 2, visualPrompt: "both", pack });
  expect(weights.sam.file).toBe(join(pack, "sam", "model.safetensors"));
  expect(notices).toEqual([notice]);
  expect(images[0].points.length).toBeGreaterThan(0);
  const picture = await decodeImage(join(folder, "segment", "overlay", "disc.png"), { mode: "paper" });
  const { width, height, data } = picture.image;
  const pixel = (x: number, y: number) => Array.from(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));
  expect(pixel(0, height - 1)).toEqual([0, 0, 0]); // the bar on which the label stands
  expect(pixel(1, height - 2)).toEqual([255, 255, 255]); // the foot of its R
});

test("features of a pack's model have its notice, too", async () => {
  const file = join(folder, "features.safetensors");
  expect((await runInProcess(["embed", image, "--text", "a disc", "--pack", pack, "--out", file])).status).toBe(0);
  expect((await readSafetensors(file)).metadata.notice).toBe(notice);
});

test("a single step uses the pack's settings for that step", async () => {
  const args = ["saliency", image, "--prompt", "a bright disc", "--pack", pack, "--out", join(folder, "saliency")];
  expect((await runInProcess(args)).status).toBe(0);
  const { settings, notices } = await run("saliency");
  expect(settings).toMatchObject({ layer: 3, steps: 3, samples: 2 });
  expect(settings).not.toHaveProperty("visualPrompt");
  expect(notices).toEqual([notice]);
});

test("a given model replaces that of the pack", async () => {
  const { sam } = await nanoModels();
  const args = ["segment", image, "--prompt", "a bright disc", "--pack", pack, "--sam", sam, "--out", join(folder, "other")];
  expect((await runInProcess(args)).status).toBe(0);
  expect((await run("other")).weights.sam.file).toBe(join(sam, "model.safetensors"));
});

test("in the library, a pack's settings are the defaults, and its notice is a warning", async () => {
  const model = await loadPack(pack);
  const found = await segment(model, image, "a bright disc");
  expect(found.warnings).toContain(notice);
  expect(found.points.length).toBeGreaterThan(0);
  const boxed = await segment(model, image, "a bright disc", { visualPrompt: "box" });
  expect(boxed.points).toEqual([]);
  await model.dispose();
});

test.each([
  ["nowhere", undefined, /No pack named "nowhere"/],
  ["damaged", "{", /pack.json" is not valid JSON: line 1, column 2/],
  ["incomplete", '{"name": "x"}', /pack.json" does not describe a pack[\s\S]*notice/],
])("a pack that is %s is refused with exit 3", async (name, content, message) => {
  const given = content === undefined ? name : await mkdtemp(join(folder, "bad-"));
  if (content !== undefined) await writeFile(join(given, "pack.json"), content);
  await expect(locatePack(given)).rejects.toThrow(message);
  const { status, stderr } = await runInProcess(["segment", image, "--prompt", "x", "--pack", given, "--out", join(folder, "never")]);
  expect(status).toBe(3);
  expect(stderr).toMatch(message);
});

test("a pack may set the method only: settings of another command are left out, all others are refused with exit 2", async () => {
  const args = (out: string) => ["saliency", image, "--prompt", "a disc", "--pack", pack, "--out", join(folder, out)];
  for (const [defaults, message] of [
    [{ layer: 3, colour: "blue" }, /pack.json" sets "colour", but a pack may contain method settings only/],
    [{ layer: 3, out: folder, overwrite: true }, /pack.json" sets "out", "overwrite", but/],
    [{ layer: -1 }, /pack.json" has an invalid setting: layer: .* got -1/],
  ] as const) {
    await writePack(defaults);
    const { status, stderr } = await runInProcess(args("wrong"));
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
    await expect(loadPack(pack)).rejects.toThrow(message);
  }
  await writePack({ layer: 3, steps: 2, samples: 1, visualPrompt: "points" });
  expect((await runInProcess(args("known"))).status).toBe(0);
});
