import { z } from "zod";
import { grouped, metaOf } from "../../run/settings/meta.ts";
import { ContrastiveSettings } from "../../train/contrastive/settings.ts";
import { LoopSettings } from "../../train/loop-settings.ts";
import { CommonSettings, heldOut, labelOfMasks, type ModePreset, modePresets, PairSettings } from "../settings.ts";
import { SaliencySettings } from "../zero-shot/settings.ts";

/** The same setting without its default, which its description then tells. */
const withoutDefault = <T extends z.ZodType>(setting: z.ZodDefault<T> | T, description: string) =>
  (setting instanceof z.ZodDefault ? (setting.unwrap() as T) : setting).optional().meta({ ...metaOf(setting), description });
/** A setting whose default is that of the mode. */
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
      .describe("column whose value, a patient or case, must not be in training and validation both")
      .meta({ group: "Input", placeholder: "NAME", needs: heldOut }),
    ...CommonSettings.pick({ mode: true, device: true, threads: true }).shape,
    ...SaliencySettings.pick({ clip: true, clipConfig: true }).shape,
    seed: CommonSettings.shape.seed.describe("of the split, the order of the pairs, the crops and LoRA's start"),
    epochs: z.number().int().positive().default(32).describe("how often each pair is seen"),
    batch: ofMode(z.number().int().min(2).describe("pairs that are compared with one another"), "batch"),
    validation: ofMode(z.number().min(0).max(0.9).describe("share of the pairs that is held out"), "validation"),
    ...LoopSettings.shape,
    cropScale: z
      .number()
      .gt(0)
      .max(1)
      .default(0.9)
      .describe("least share of an image's area that a random crop keeps; 1: always the middle"),
    bucketBatches: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("batches that are sorted by length of text together; 0: not at all, as texts are packed and padding costs little"),
    ...ContrastiveSettings.omit({ seed: true }).shape,
    loss: ofMode(contrastive.loss, "loss"),
    lr: ofMode(contrastive.lr, "lr"),
    schedule: ofMode(contrastive.schedule, "schedule"),
    plateauThreshold: ofMode(contrastive.plateauThreshold, "plateauThreshold"),
    warmup: ofMode(contrastive.warmup, "warmup"),
    regions: z
      .string()
      .optional()
      .describe("table of outlined images (CSV: filename, phrase, mask), of which the training also asks what they show and where")
      .meta({ group: "Input", placeholder: "FILE", mustExist: true }),
    masks: z
      .string()
      .optional()
      .describe("folder of the masks that this table names (default: the folder of the table)")
      .meta({ group: "Input", placeholder: "DIR", mustExist: true, needs: [{ regions: "given" }] }),
    label: labelOfMasks.meta({ needs: [{ regions: "given" }] }),
    regionWeight: withoutDefault(
      contrastive.regionWeight,
      "weight of the question what an image shows, where it is outlined (default: 1 with --regions)",
    ),
    denseWeight: withoutDefault(
      contrastive.denseWeight,
      "weight of the question where it shows it, patch by patch (default: 1 with --regions)",
    ),
    maskNegatives: z
      .boolean()
      .optional()
      .describe("leave captions that also hold for another image of their batch out of its negatives (default: with --regions)"),
  }),
);
export type FinetuneSettings = z.infer<typeof FinetuneSettings>;
