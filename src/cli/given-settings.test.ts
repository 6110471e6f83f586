import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ConfigError } from "../errors.ts";
import { type JobCommand, jobCommands } from "./commands.ts";
import { settingsOf } from "./given-settings.ts";

let folder: string;
/** Inputs of different kinds. */
const [shard, splitFolders, imageFolder, samSizes] = ["pairs.tar", "split", "folders", "sam.json"];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "given-"));
  await writeFile(join(folder, shard!), "");
  await mkdir(join(folder, splitFolders!, "train_images"), { recursive: true });
  await mkdir(join(folder, imageFolder!, "images"), { recursive: true });
  await writeFile(join(folder, samSizes!), '{"sam": {}}');
});
afterAll(() => rm(folder, { recursive: true }));

/** Required settings of each command, with an existing file. */
const least: Readonly<Record<string, object>> = {
  segment: { inputs: ["package.json"], prompt: ["x"], out: "o" },
  refine: { inputs: ["package.json"], coarse: "src", sam: "x", out: "o" },
  coarse: { inputs: ["src"], out: "o" },
  finetune: { pairs: ["package.json"], clip: "x", out: "o" },
  "finetune-sam": { data: "src", sam: "x", out: "o" },
  embed: { out: "o" },
  retrieve: { pairs: ["package.json"] },
  "models init": { name: "sam-tiny", out: "o" },
  "datasets prepare": { name: "busi", folder: "src", out: "o" },
};

/** Settings with the paths of the inputs. */
function placed(flags: object): object {
  const inputs: unknown[] = [shard, splitFolders, imageFolder, samSizes];
  const path = (value: unknown) => (inputs.includes(value) ? join(folder, value as string) : value);
  return Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, Array.isArray(value) ? value.map(path) : path(value)]));
}

async function said(job: string, flags: object, configFile?: string): Promise<string[]> {
  const command = jobCommands.find((one: JobCommand) => one.job === job)!;
  const typed = { flags: { ...least[job], ...placed(flags) }, configFile, positionals: command.positionals };
  return (await settingsOf(await command.schema(), typed)).warnings;
}

test.each<[string, object, string]>([
  ["segment", { beta: "0.2" }, "--beta has no effect with --saliency-method dense-text; it is for --saliency-method m2ib"],
  ["segment", { fast: true }, "--fast has no effect with --saliency-method dense-text"],
  ["segment", { seed: "1" }, "--seed has no effect with --saliency-method dense-text"],
  ["segment", { points: "3" }, "--points has no effect with --visual-prompt box; it is for --visual-prompt points or both"],
  ["segment", { negativePoints: "3" }, "--negative-points has no effect with --visual-prompt box"],
  ["segment", { visualPrompt: "points", perComponent: true }, "--per-component has no effect with --visual-prompt points"],
  ["segment", { coarseMethod: "otsu", threshold: "0.9" }, "--threshold has no effect with --coarse-method otsu"],
  ["coarse", { threshold: "0.9" }, "--threshold has no effect with --coarse-method kmeans"],
  ["refine", { seed: "1" }, "--seed has no effect with --visual-prompt box"],
  ["finetune", { loraAlpha: "4" }, "--lora-alpha has no effect without --lora-rank"],
  ["finetune", { masks: "src" }, "--masks has no effect without --regions"],
  ["finetune", { denseWeight: "1" }, "--dense-weight has no effect without --regions"],
  ["finetune", { warmup: "5" }, "--warmup has no effect with --schedule plateau"],
  ["finetune", { mode: "reference", earlyStop: "2" }, "--early-stop has no effect without --validation"],
  ["finetune", { mode: "reference", patience: "2" }, "--patience has no effect with --schedule cosine; it is for --schedule plateau"],
  ["finetune", { loss: "info-nce", beta1: "1" }, "--beta1 has no effect with --loss info-nce"],
  ["finetune", { optimizer: "sgd", adamBeta1: "0.5" }, "--adam-beta1 has no effect with --optimizer sgd"],
  ["finetune-sam", { momentum: "0.5" }, "--momentum has no effect with --optimizer adamw; it is for --optimizer sgd"],
  ["finetune-sam", { masks: "first" }, "--masks has no effect with --loss medsam; it is for --loss sam"],
  ["finetune-sam", { steps: "5", epochs: "2" }, "--epochs has no effect with --steps"],
  ["finetune-sam", { trainEncoder: true, cache: "c" }, "--cache has no effect with --train-encoder"],
  ["segment", { saliencyMethod: "m2ib", noise: "package.json", seed: "1" }, "--seed has no effect with --noise"],
  ["finetune", { pairs: [shard], separator: ";" }, "--separator has no effect without a table in --pairs"],
  ["finetune", { pairs: [shard], imageColumn: "a" }, "--image-column has no effect without a table in --pairs"],
  ["finetune", { pairs: [shard], captionColumn: "a" }, "--caption-column has no effect without a table in --pairs"],
  ["finetune", { pairs: [shard], images: "src" }, "--images has no effect without a table in --pairs"],
  ["finetune", { overwrite: true, resume: "best" }, "--resume has no effect with --overwrite"],
  ["retrieve", { pairs: [shard], separator: ";" }, "--separator has no effect without a table in --pairs"],
  ["retrieve", { pack: "phantom", clip: "x" }, "--pack has no effect with --clip"],
  ["datasets prepare", { target: "infection" }, "--target has no effect with the data set busi; it is for the data set covid-qu-ex"],
  ["datasets prepare", { name: "konya", normal: "keep" }, "--normal has no effect with the data set konya; it is for the data set busi"],
  ["finetune-sam", { separator: ";" }, "--separator has no effect without a table in --data"],
  ["finetune-sam", { groupColumn: "a" }, "--group-column has no effect without a table in --data"],
  ["finetune-sam", { coarseShare: "0.2" }, "--coarse-share has no effect without --coarse"],
  [
    "finetune-sam",
    { data: imageFolder, split: "a" },
    "--split has no effect without folders named <split>_images and <split>_masks in --data",
  ],
  ["finetune-sam", { data: "package.json", split: "a" }, "--split has no effect without folders named"],
  ["finetune-sam", { boxShare: "1", points: "3" }, "--points has no effect without prompts with points (--box-share below 1)"],
  ["finetune-sam", { boxShare: "1", negativePoints: "3" }, "--negative-points has no effect without prompts with points"],
  ["finetune-sam", { boxJitter: "0", maxJitter: "3" }, "--max-jitter has no effect without --box-jitter"],
  ["embed", { text: ["a"], fit: "pad" }, "--fit has no effect without images"],
  ["embed", { text: ["a"], mode: "reference" }, "--mode has no effect without images"],
  ["embed", { text: ["a"], pack: "phantom", clip: "x" }, "--pack has no effect with --clip"],
  ["models init", { vocab: "package.json" }, "--vocab has no effect without the name of a CLIP model"],
  ["models init", { name: samSizes, vocab: "package.json" }, "--vocab has no effect without the name of a CLIP model"],
])("%s %j is reported to have no effect", async (job, flags, message) => {
  const warnings = await said(job, flags);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(message);
});

test.each<[string, object]>([
  ["segment", {}],
  ["segment", { saliencyMethod: "m2ib", beta: "0.2", seed: "1", coarseMethod: "threshold", threshold: "0.4" }],
  ["segment", { visualPrompt: "both", points: "3", perComponent: true, seed: "1" }],
  ["finetune", { regions: "package.json", masks: "src", denseWeight: "1", loraRank: "2", loraAlpha: "4", patience: "2" }],
  ["finetune-sam", { loss: "sam", masks: "first", steps: "5" }],
  ["segment", { saliencyMethod: "m2ib", visualPrompt: "points", noise: "package.json", seed: "1" }],
  ["finetune", { images: "src", imageColumn: "a", captionColumn: "b", separator: ";", resume: "best" }],
  ["finetune", { pairs: [shard, "package.json"], separator: ";" }],
  ["finetune", { pairs: [shard], regions: "package.json", images: "src", separator: ";" }],
  ["retrieve", { pack: "phantom" }],
  ["finetune-sam", { data: "package.json", separator: ";", groupColumn: "a", coarseShare: "0.2" }],
  ["finetune-sam", { data: splitFolders, split: "train", coarse: "src", coarseShare: "0.2" }],
  ["finetune-sam", { boxShare: "0", bothShare: "0", points: "3", negativePoints: "3", boxJitter: "0.2", maxJitter: "3" }],
  ["embed", { inputs: ["package.json"], fit: "pad", mode: "reference", pack: "phantom", clip: "x" }],
  ["models init", { name: "biomedclip-tiny", vocab: "package.json" }],
])("%s %j has an effect and gives no warning", async (job, flags) => expect(await said(job, flags)).toEqual([]));

test("settings of a settings file are checked, too", async () => {
  const file = join(folder, "c.yaml");
  await writeFile(file, "coarse-method: otsu\nthreshold: 0.9\n");
  expect(await said("segment", {}, file)).toEqual([
    "--threshold has no effect with --coarse-method otsu; it is for --coarse-method threshold",
  ]);
});

test("a deleted current folder is reported", async () => {
  vi.spyOn(process, "cwd").mockImplementationOnce(() => {
    throw new Error("ENOENT: no such file or directory, uv_cwd");
  });
  await expect(said("segment", {})).rejects.toThrow("the current folder no longer exists");
});

test("a preset sets what the user does not, before the pack and the defaults", async () => {
  const command = jobCommands.find(({ job }) => job === "segment")!;
  const flags = { ...least.segment, preset: "brain-mri", keep: "3" };
  const { settings, notes } = await settingsOf(await command.schema(), { flags });
  expect(settings).toMatchObject({ saliencyMethod: "m2ib", layer: 9, beta: 2, keep: 3, visualPrompt: "box", seed: 12 });
  // Of the starter pack, whose own method is another one, only what goes with any method holds.
  expect(settings).toMatchObject({ pack: "starter", fit: "squash", maskPrompt: true });
  expect(settings.threshold).not.toBe(0.35);
  expect(notes.join()).toContain("not taken from the pack");
});

test("the first version of the method is a preset", async () => {
  const command = jobCommands.find(({ job }) => job === "segment")!;
  const { settings } = await settingsOf(await command.schema(), {
    flags: { ...least.segment, preset: "medclip-sam-v1", clip: "x", sam: "y" },
  });
  expect(settings).toMatchObject({ saliencyMethod: "gscorecam", coarseMethod: "crf", gaussianSxy: 5, visualPrompt: "box" });
});

test("a preset leaves out what a step has no setting for", async () => {
  const command = jobCommands.find(({ job }) => job === "coarse")!;
  const { settings } = await settingsOf(await command.schema(), { flags: { ...least.coarse, preset: "chest-xray" } });
  expect(settings).toMatchObject({ keep: 2, coarseMethod: "kmeans" });
  expect(settings).not.toHaveProperty("visualPrompt");
});

test.each([
  ["none.tar", '"none.tar" does not exist'],
  ["", "a bundle is missing: its FILE is empty (bundle that `models pack` has written)"],
  ["-", 'a bundle: expected the name of a file, got "-". Standard output is /dev/stdout; "./-" is something of that name.'],
])("the positional argument %j is not named as a flag", async (file, message) => {
  const { schema, positionals } = jobCommands.find(({ job }) => job === "models unpack")!;
  await expect(settingsOf(await schema(), { flags: { file }, positionals })).rejects.toThrow(new ConfigError(message));
});
