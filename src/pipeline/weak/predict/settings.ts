import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";
import { CommonSettings, dryRun } from "../../settings.ts";

/** `medclip-sam weak predict`. */
export const WeakPredictSettings = z.strictObject({
  ...grouped("Input", {
    model: z
      .string()
      .describe(
        "model folder: of nnU-Net v2 (plans.json, dataset.json, fold_X/checkpoint_final.pth), or of `weak train`, whose output folder may be named, too",
      )
      .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    images: z
      .string()
      .describe("folder of images: NAME_0000.png and so on for several channels, or NAME.png; .nii.gz where the model was trained on NIfTI")
      .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    folds: z
      .array(z.string())
      .default([])
      .describe("folds whose networks are averaged, such as 0 or all (default: all that the model has)")
      .meta({ placeholder: "NAME" }),
    checkpoint: z
      .string()
      .default("checkpoint_final")
      .describe("name of the checkpoint file of each fold, without its ending")
      .meta({ placeholder: "NAME" }),
    step: z.number().gt(0).max(1).default(0.5).describe("distance between windows, as a fraction of the patch"),
    mirror: z.boolean().default(true).describe("average over mirrored copies, as the model was trained"),
    probabilities: z
      .boolean()
      .default(false)
      .describe("write NAME.npz with the probabilities, and NAME.json about them")
      .meta({ group: "Output" }),
    out: z.string().describe("folder for the label maps").meta({ group: "Output", placeholder: "DIR", neutral: true }),
    overwrite: z.boolean().default(false).describe("replace earlier results").meta({ group: "Output", neutral: true }),
    dryRun,
  }),
  ...CommonSettings.pick({ mode: true, device: true, threads: true }).shape,
});
export type WeakPredictSettings = z.infer<typeof WeakPredictSettings>;
