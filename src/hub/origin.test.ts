import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nanoClip, nanoSam } from "../../test/support/models.ts";
import { samConfigOf, samFamily, samTensors } from "../models/sam/index.ts";
import { Weights } from "../models/weights.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { tensor } from "../tensor/tensor.ts";
import { exportModel } from "../train/export-model.ts";
import { initModel } from "./init.ts";
import { locateModel } from "./locate.ts";
import { originOf } from "./origin.ts";
import { locatePack } from "./pack.ts";

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medclip-sam-origin-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Exports a SAM as a training of some steps would that changes the tensors whose names match. */
async function trained(source: string, name: string, steps: number, changes = /./): Promise<string> {
  const weights = await Weights.open(source, samFamily);
  const tensors = samTensors(samConfigOf(weights));
  const changed = (official: string) => (changes.test(official) ? weights.read(official) : undefined);
  return await exportModel(at(name), { weights, tensors, changed, steps });
}

test("a model of a pack is known by its name, its folder and a link to it", async () => {
  const { notice, label, clip, sam } = await locatePack("phantom");
  const origin = { pack: "phantom", notice, label };
  expect(await originOf(await locateModel("phantom", "clip"))).toEqual(origin);
  expect(await originOf(await locateModel(clip, "clip"))).toEqual(origin);
  await symlink(sam, at("link"));
  expect(await originOf(await locateModel(at("link"), "sam"))).toEqual(origin);
});

test("what is trained from a model of a pack, over any number of trainings, bears its notice", async () => {
  const { notice, label } = await locatePack("phantom");
  const first = await trained(await locateModel("phantom", "sam"), "first", 3);
  const told = { pack: "phantom", notice: `fine-tuned from a model with this notice: ${notice}`, label };
  expect(await originOf(first)).toEqual(told);
  expect(await originOf(await trained(first, "second", 5))).toEqual(told);
  expect(await originOf(await trained(await locateModel("phantom", "sam"), "none", 0))).toEqual({ pack: "phantom", notice, label });
});

test("the folder of a pack of one's own does not go into what is trained from it", async () => {
  await cp(await nanoSam(), at("own", "sam"), { recursive: true });
  const content = { name: "own", notice: "Not for use.", clip: "clip", sam: "sam", defaults: {} };
  await writeFile(at("own", "pack.json"), JSON.stringify(content));
  const source = await locateModel(at("own", "sam"), "sam");
  expect(await originOf(source)).toEqual({ pack: at("own"), notice: "Not for use." });
  expect(await originOf(await trained(source, "of-own", 1))).toEqual({ notice: "fine-tuned from a model with this notice: Not for use." });
});

test("weights are random until the first step", async () => {
  const [source] = await initModel("sam-tiny", at("random"), { seed: 4 });
  expect(await originOf(source!)).toEqual({ weights: "random, seed 4" });
  expect(await originOf(await trained(source!, "no-step", 0))).toEqual({ weights: "random, seed 4" });
  expect(await originOf(await trained(source!, "a-step", 1))).toEqual({});
});

test("parts that no training has changed stay random, over any number of trainings", async () => {
  const [source] = await initModel("sam-tiny", at("random-parts"), { seed: 4 });
  const decoder = await trained(source!, "decoder", 3, /^mask_decoder\./);
  expect(await originOf(decoder)).toEqual({ untrained: "image encoder, network for mask prompts" });
  const encoder = await trained(decoder, "encoder", 3, /^image_encoder\./);
  expect(await originOf(encoder)).toEqual({ untrained: "network for mask prompts" });
  expect(await originOf(await trained(encoder, "no-step-of-encoder", 0, /mask_downscaling/))).toEqual({
    untrained: "network for mask prompts",
  });
  expect(await originOf(await trained(encoder, "masks", 1, /mask_downscaling/))).toEqual({});
  expect(await originOf(await trained(await locateModel(await nanoSam(), "sam"), "published", 1, /^mask_decoder\./))).toEqual({});
});

test("a model without a pack has no origin, also beside an unrelated or damaged pack.json", async () => {
  expect(await originOf(await locateModel(await nanoClip(), "clip"))).toEqual({});
  await cp(await nanoSam(), at("beside", "sam"), { recursive: true });
  const other = { name: "x", notice: "x", clip: "clip", sam: "other", defaults: {} };
  for (const content of [JSON.stringify(other), "{"]) {
    await writeFile(at("beside", "pack.json"), content);
    expect(await originOf(await locateModel(at("beside", "sam"), "sam"))).toEqual({});
  }
});

test("a notice in a file cannot write to the terminal in other ways", async () => {
  const file = at("notice.safetensors");
  await writeSafetensors(
    file,
    { x: tensor("float32", [1], new Float32Array(1)) },
    { notice: "a\u001b[31m b\nc", pack: "../x", label: " " },
  );
  expect(await originOf(file)).toMatchObject({ notice: "a [31m b c" });
  expect(await originOf(file)).not.toHaveProperty("pack");
});
