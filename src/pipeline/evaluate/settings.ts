import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { CommonSettings, labelOfMasks, spacing } from "../settings.ts";

/** `medclip-sam evaluate`. */
export const EvaluateSettings = z.strictObject(
  grouped("Input", {
    ...CommonSettings.pick({ mode: true }).shape,
    seed: CommonSettings.shape.seed.describe("seed of the bootstrap intervals").meta({ group: "Scores" }),
    pred: z
      .string()
      .describe("folder with predicted masks, or output folder of `segment`; or one file, which is compared with that of --truth")
      .meta({ placeholder: "DIR", mustExist: true }),
    truth: z
      .string()
      .describe("folder with ground truth masks; every file in it is evaluated")
      .meta({ placeholder: "DIR", mustExist: true }),
    label: labelOfMasks.meta({ needs: [{ mode: ["paper"] }] }),
    tolerance: z
      .number()
      .nonnegative()
      .default(2)
      .describe("tolerance of the surface NSD, in pixels, or millimetres if spacing is given or the files are NIfTI")
      .meta({ group: "Scores" }),
    spacing: spacing.describe("pixel spacing in millimetres: row,column; NIfTI files have their own").meta({ group: "Scores" }),
    csv: z.string().optional().describe("write one row per image to this file").meta({ group: "Output", placeholder: "FILE" }),
    json: z.string().optional().describe("write scores per image and summary to this file").meta({ group: "Output", placeholder: "FILE" }),
  }),
);
export type EvaluateSettings = z.infer<typeof EvaluateSettings>;
