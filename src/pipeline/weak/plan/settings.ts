import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";

/** Planners by short name. */
export const plannerNames = {
  default: "ExperimentPlanner",
  "resenc-m": "nnUNetPlannerResEncM",
  "resenc-l": "nnUNetPlannerResEncL",
} as const;

const names = Object.keys(plannerNames) as (keyof typeof plannerNames)[];

/** What a plan is made from. */
export const PlanSettings = z.strictObject(
  grouped("Input", {
    data: z
      .string()
      .describe("data set in nnU-Net's layout: a folder with dataset.json, imagesTr/ and labelsTr/")
      .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    planner: z
      .enum(names)
      .default("default")
      .describe("planner: nnU-Net's default, or residual encoders of size M or L")
      .meta({ group: "Training" }),
    gpuMemory: z
      .number()
      .positive()
      .optional()
      .describe("GPU memory that the size of patches and batches is planned for (default: 8, with resenc-l 24)")
      .meta({ group: "Training", unit: "GB" }),
    longestSide: z
      .number()
      .int()
      .min(32)
      .optional()
      .describe(
        "images are resampled so that the median of their longer sides is at most this; masks keep the size of the image (default: no limit)",
      )
      .meta({ group: "Training", unit: "pixels" }),
  }),
);
export type PlanSettings = z.infer<typeof PlanSettings>;

/** `medclip-sam weak plan`. */
export const WeakPlanSettings = z.strictObject({
  ...PlanSettings.shape,
  ...grouped("Output", {
    out: z
      .string()
      .describe("folder for dataset_fingerprint.json, the plans file and dataset.json")
      .meta({ placeholder: "DIR", neutral: true }),
  }),
});
export type WeakPlanSettings = z.infer<typeof WeakPlanSettings>;
