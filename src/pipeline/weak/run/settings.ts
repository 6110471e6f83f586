import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";
import { PairSettings } from "../../settings.ts";
import { describedOnce, PseudoLabelShape } from "../pseudo-label/settings.ts";
import { WeakTrainSettings } from "../train/settings.ts";
import { WeakUncertaintySettings } from "../uncertainty/settings.ts";

const { shape } = PseudoLabelShape;

/** `medclip-sam weak run`. */
export const WeakRunSettings = z
  .strictObject({
    ...shape,
    inputs: shape.inputs.describe("images and folders to train on (searched recursively)"),
    ...grouped("Input", {
      testImages: shape.testImages.describe(
        "images and folders of the test set, which are segmented in the end (default: the images that are trained on); their near-duplicates are not trained on",
      ),
      testMasks: z
        .string()
        .optional()
        .describe("folder of true masks of the segmented images, by which the methods are compared; nothing is chosen by them")
        .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
      trainMasks: z
        .string()
        .optional()
        .describe(
          "folder of true masks of the images that are trained on: a second network is trained on them, for the fully supervised row",
        )
        .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    }),
    ...grouped("Training", {
      preset: WeakTrainSettings.shape.preset
        .unwrap()
        .default("quick")
        .describe("length and size of the training: quick (a quarter of an hour on two cores), paper, or full (nnU-Net's own)"),
      epochs: WeakTrainSettings.shape.epochs,
      epochSteps: WeakTrainSettings.shape.epochSteps,
      longestSide: WeakTrainSettings.shape.longestSide,
      planner: WeakTrainSettings.shape.planner,
      ensembleThreshold: WeakUncertaintySettings.shape.threshold,
      ...PairSettings.pick({ workers: true }).shape,
    }),
  })
  .refine(...describedOnce);
export type WeakRunSettings = z.infer<typeof WeakRunSettings>;
