import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { LoopSettings } from "../../train/loop-settings.ts";
import { augment, CommonSettings, labelOfMasks, PairSettings, pack, separator } from "../settings.ts";

/** `medclip-sam adapt`. */
export const AdaptSettings = z.strictObject(
  grouped("Training", {
    data: z
      .string()
      .describe("folder with images/ and masks/ of the same names; or a table (CSV: image, mask)")
      .meta({ group: "Input", placeholder: "DIR|FILE", mustExist: true, neutral: true }),
    prompt: z
      .array(z.string().min(1))
      .min(1)
      .describe("text prompt of the target, by which the adapted pack finds it; several are wordings for the same")
      .meta({ group: "Input", placeholder: "TEXT" }),
    absent: z
      .array(z.string().min(1))
      .default([])
      .describe(
        "what none of the images shows, so that the pack learns to find nothing for it; everyday things are learned as absent anyway",
      )
      .meta({ group: "Input", placeholder: "TEXT" }),
    heldOut: z
      .string()
      .optional()
      .describe("images and masks to measure on, as --data, instead of a part of those: other patients, another scanner")
      .meta({ group: "Input", placeholder: "DIR|FILE", mustExist: true, neutral: true }),
    structure: z
      .string()
      .optional()
      .describe("which masks, if there are several per image: those of masks_NAME/, or of the group NAME of a table")
      .meta({ group: "Input", placeholder: "NAME" }),
    label: labelOfMasks,
    groupColumn: z
      .string()
      .optional()
      .describe("table column of a group, such as patient or case, that must not be split between adapting and held-out images")
      .meta({ group: "Input", placeholder: "NAME", needs: [{ validation: "given", heldOut: "absent" }] }),
    separator,
    pack: pack
      .unwrap()
      .optional()
      .describe("pack to adapt: name or folder (default: the one that comes with the package)")
      .meta({
        ...{ group: "Input", placeholder: "NAME|DIR", neutral: true },
      }),
    ...CommonSettings.pick({ device: true, threads: true }).shape,
    ...PairSettings.pick({ workers: true }).shape,
    seed: CommonSettings.shape.seed.describe("seed of the split, the order of the images, the augmentation and the prompts"),
    validation: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.2)
      .describe("fraction of the images that are held out, to measure what adapting gains; 0: none, nothing is measured")
      .meta({ needs: [{ heldOut: "absent" }] }),
    clipSteps: z.number().int().positive().default(200).describe("training steps of the CLIP model, of 16 images each"),
    clipLr: z.number().positive().default(3e-4).describe("peak learning rate of the CLIP model"),
    samSteps: z.number().int().positive().default(200).describe("training steps of the SAM model, of 8 images with 4 prompts each"),
    samLr: z.number().positive().default(3e-4).describe("peak learning rate of the SAM model"),
    augment: augment
      .unwrap()
      .default("strong")
      .describe("random changes of the images in training, with their masks, see finetune: none, light or strong"),
    ...LoopSettings.pick({ checkpointEvery: true }).shape,
    out: z
      .string()
      .describe("folder for the adapted pack, with what was measured")
      .meta({ group: "Output", placeholder: "DIR", neutral: true }),
    ...LoopSettings.pick({ overwrite: true, dryRun: true }).shape,
  }),
);
export type AdaptSettings = z.infer<typeof AdaptSettings>;
