import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { CommonSettings, labelOfMasks, spacing } from "../settings.ts";

/** `medclip-sam evaluate`. */
export const EvaluateSettings = z.strictObject(
  grouped("Input", {
    ...CommonSettings.pick({ mode: true }).shape,
    seed: CommonSettings.shape.seed.describe("of the bootstrap intervals").meta({ group: "Scores" }),
    pred: z
      .string()
      .describe("folder with predicted masks, or the folder that `segment` wrote")
      .meta({ placeholder: "DIR", mustExist: true }),
    truth: z.string().describe("folder with true masks; every file in it is evaluated").meta({ placeholder: "DIR", mustExist: true }),
    label: labelOfMasks.meta({ needs: [{ mode: ["paper"] }] }),
    tolerance: z
      .number()
      .nonnegative()
      .default(2)
      .describe("of the surface NSD, in pixels, or millimetres if spacing is given")
      .meta({ group: "Scores" }),
    spacing: spacing.describe("millimetres per pixel: row,column").meta({ group: "Scores" }),
    csv: z.string().optional().describe("write one row an image to this file").meta({ group: "Output", placeholder: "FILE" }),
    json: z.string().optional().describe("write images and summary to this file").meta({ group: "Output", placeholder: "FILE" }),
  }),
);
export type EvaluateSettings = z.infer<typeof EvaluateSettings>;
