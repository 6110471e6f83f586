import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { CommonSettings, ScanSettings } from "../settings.ts";
import { CoarseSettings } from "../zero-shot/settings/coarse.ts";
import { RefineSettings } from "../zero-shot/settings/refine.ts";
import { RunSettings } from "../zero-shot/settings/run.ts";
import { AffinitySettings, SaliencySettings } from "../zero-shot/settings/saliency.ts";

/** `medclip-sam prompt-report`. */
export const PromptReportSettings = z.strictObject({
  ...RunSettings.pick({ inputs: true }).shape,
  ...grouped("Input", {
    prompt: z.string().min(1).describe("text prompt under test").meta({ placeholder: "TEXT" }),
    paraphrase: z
      .array(z.string().min(1))
      .default([])
      .describe("the same in other words; repeat for several (default: three sentences around the text prompt)")
      .meta({ placeholder: "TEXT" }),
    contradiction: z
      .array(z.string().min(1))
      .default([])
      .describe("text prompt that is wrong for the images; repeat for several (default: three of other organs and modalities)")
      .meta({ placeholder: "TEXT" }),
  }),
  ...ScanSettings.shape,
  ...CommonSettings.omit({ maxMemory: true }).shape,
  ...SaliencySettings.omit({ noise: true }).shape,
  ...AffinitySettings.shape,
  ...CoarseSettings.shape,
  ...RefineSettings.shape,
  seed: CommonSettings.shape.seed.describe("seed of the noise, of sampled points and of the gibberish"),
  ...RunSettings.pick({ out: true, dryRun: true }).shape,
  ...grouped("Output", {
    overwrite: z.boolean().default(false).describe("replace the report of an earlier run"),
    pictures: z.number().int().nonnegative().default(6).describe("images of which the page shows maps and masks"),
  }),
});
export type PromptReportSettings = z.infer<typeof PromptReportSettings>;
