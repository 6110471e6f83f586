import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { CommonSettings, ScanSettings } from "../settings.ts";
import { CoarseSettings } from "../zero-shot/settings/coarse.ts";
import { PresetSettings } from "../zero-shot/settings/presets.ts";
import { RefineSettings } from "../zero-shot/settings/refine.ts";
import { onePromptSource, RunSettings } from "../zero-shot/settings/run.ts";
import { AffinitySettings, SaliencySettings } from "../zero-shot/settings/saliency.ts";

/** `medclip-sam calibrate`. */
export const CalibrateSettings = z
  .strictObject({
    ...grouped("Input", {
      images: z
        .array(z.string())
        .min(1)
        .describe("images and folders that do not show what the text prompts name")
        .meta({ placeholder: "PATH", mustExist: true }),
      positives: z
        .array(z.string())
        .optional()
        .describe("images and folders that show it: the weights of the signs are fitted to both")
        .meta({ placeholder: "PATH", mustExist: true }),
      ...RunSettings.pick({ prompt: true, target: true, prompts: true, promptSet: true, classAware: true }).shape,
    }),
    ...grouped("Not present", {
      falseAlarms: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.1)
        .describe("share of targets that may get a mask in images without them; 0.1 needs at least 17 images, 0.05 needs 37"),
    }),
    ...grouped("Output", { out: z.string().describe("file of the calibration").meta({ placeholder: "FILE" }) }),
    ...ScanSettings.shape,
    ...PresetSettings.shape,
    ...CommonSettings.shape,
    ...SaliencySettings.omit({ noise: true }).shape,
    ...AffinitySettings.shape,
    ...CoarseSettings.shape,
    ...RefineSettings.shape,
  })
  .refine(...onePromptSource);
export type CalibrateSettings = z.infer<typeof CalibrateSettings>;
