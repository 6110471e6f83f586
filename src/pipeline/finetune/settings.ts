import { z } from "zod";
import { grouped, metaOf } from "../../run/settings/meta.ts";
import { ContrastiveSettings } from "../../train/contrastive/settings.ts";
import { LoopSettings } from "../../train/loop-settings.ts";
import { augment, CommonSettings, heldOut, labelOfMasks, type ModePreset, modePresets, PairSettings } from "../settings.ts";
import { SaliencySettings } from "../zero-shot/settings/saliency.ts";

/** The same setting without its default, which the description states instead. */
const withoutDefault = <T extends z.ZodType>(setting: z.ZodDefault<T> | T, description: string) =>
  (setting instanceof z.ZodDefault ? (setting.unwrap() as T) : setting).optional().meta({ ...metaOf(setting), description });
/** A setting whose default depends on the mode. */
const ofMode = <T extends z.ZodType>(setting: z.ZodDefault<T> | T, key: keyof ModePreset) =>
  withoutDefault(setting, `${setting.description} (default: ${modePresets.paper[key]}, in reference mode ${modePresets.reference[key]})`);
const contrastive = ContrastiveSettings.shape;

/** `medclip-sam finetune`. */
export const FinetuneSettings = z.strictObject(
  grouped("Training", {
    ...PairSettings.shape,
    groupColumn: z
      .string()
      .optional()
      .describe("column of a group, such as patient or case, that must not be split between training and validation")
      .meta({ group: "Input", placeholder: "NAME", needs: heldOut }),
    ...CommonSettings.pick({ mode: true, device: true, threads: true }).shape,
    ...SaliencySettings.pick({ clip: true, clipConfig: true }).shape,
    seed: CommonSettings.shape.seed.describe("seed of the split, the order of the pairs, the crops and the LoRA initialisation"),
    epochs: z.number().int().positive().default(32).describe("number of epochs"),
    batch: ofMode(z.number().int().min(2).describe("pairs per batch"), "batch"),
    validation: ofMode(z.number().min(0).max(0.9).describe("fraction of the pairs in the validation set"), "validation"),
    ...LoopSettings.shape,
    cropScale: z
      .number()
      .gt(0)
      .max(1)
      .default(0.9)
      .describe("smallest fraction of the image area in a random crop; 1: always a centre crop"),
    augment: augment.describe(
      "random changes of the images in training, with their outlines: none; light: gamma, contrast, noise, blur, small rotations and scales; strong: more of them, mirroring (left and right exchanged in words, too), elastic deformation, low resolution, margins and burnt-in text",
    ),
    emptyCrops: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe(
        "probability of a crop that shows nothing of what is outlined, so that the model learns to find nothing; its caption is no match for it",
      )
      .meta({ needs: [{ augment: ["light", "strong"], regions: "given" }] }),
    bucketBatches: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("number of batches sorted by text length together; 0: no sorting, as texts are packed and padding costs little"),
    ...ContrastiveSettings.omit({ seed: true }).shape,
    loss: ofMode(contrastive.loss, "loss"),
    lr: ofMode(contrastive.lr, "lr"),
    schedule: ofMode(contrastive.schedule, "schedule"),
    plateauThreshold: ofMode(contrastive.plateauThreshold, "plateauThreshold"),
    warmup: ofMode(contrastive.warmup, "warmup"),
    regions: z
      .string()
      .optional()
      .describe("table of outlined images (CSV: filename, phrase, mask), for additional classification and dense loss terms")
      .meta({ group: "Input", placeholder: "FILE", mustExist: true }),
    masks: z
      .string()
      .optional()
      .describe("folder of the masks listed in this table (default: folder of the table)")
      .meta({ group: "Input", placeholder: "DIR", mustExist: true, needs: [{ regions: "given" }] }),
    label: labelOfMasks.meta({ needs: [{ regions: "given" }] }),
    regionWeight: withoutDefault(
      contrastive.regionWeight,
      "weight of the multi-label classification loss on outlined images (default: 1 with --regions)",
    ),
    denseWeight: withoutDefault(
      contrastive.denseWeight,
      "weight of the dense loss per patch on outlined images (default: 1 with --regions)",
    ),
    maskNegatives: z
      .boolean()
      .optional()
      .describe("remove false negatives: captions that also describe another image of the batch (default: with --regions)"),
  }),
);
export type FinetuneSettings = z.infer<typeof FinetuneSettings>;
