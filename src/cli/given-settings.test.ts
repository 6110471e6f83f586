import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type JobCommand, jobCommands } from "./commands.ts";
import { settingsOf } from "./given-settings.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "given-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Required settings of each command, with an existing file. */
const least: Readonly<Record<string, object>> = {
  segment: { inputs: ["package.json"], prompt: ["x"], out: "o" },
  refine: { inputs: ["package.json"], coarse: "src", sam: "x", out: "o" },
  coarse: { inputs: ["src"], out: "o" },
  finetune: { pairs: ["package.json"], clip: "x", out: "o" },
  "finetune-sam": { data: "src", sam: "x", out: "o" },
};

async function said(job: string, flags: object, configFile?: string): Promise<string[]> {
  const command = jobCommands.find((one: JobCommand) => one.job === job)!;
  return (await settingsOf(await command.schema(), { flags: { ...least[job], ...flags }, configFile })).warnings;
}

test.each<[string, object, string]>([
  ["segment", { beta: "0.2" }, "--beta has no effect with --saliency-method patch-text; it is for --saliency-method m2ib"],
  ["segment", { fast: true }, "--fast has no effect with --saliency-method patch-text"],
  ["segment", { seed: "1" }, "--seed has no effect with --saliency-method patch-text"],
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
