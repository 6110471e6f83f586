import { z } from "zod";
import { CommonSettings } from "../settings.ts";

/** `medclip-sam evaluate`. */
export const EvaluateSettings = z.strictObject({
  ...CommonSettings.pick({ mode: true }).shape,
  seed: CommonSettings.shape.seed.describe("of the bootstrap intervals"),
  pred: z.string().describe("folder with predicted masks, or the folder that `segment` wrote"),
  truth: z.string().describe("folder with true masks; every file in it is evaluated"),
  tolerance: z.number().nonnegative().default(2).describe("of the surface NSD, in pixels, or millimetres if spacing is given"),
  spacing: z.tuple([z.number().positive(), z.number().positive()]).optional().describe("millimetres per pixel: row,column"),
  csv: z.string().optional().describe("write one row an image to this file"),
  json: z.string().optional().describe("write images and summary to this file"),
});
export type EvaluateSettings = z.infer<typeof EvaluateSettings>;
