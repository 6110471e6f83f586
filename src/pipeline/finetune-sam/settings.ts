import { statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { grouped, type Requirement } from "../../run/settings/meta.ts";
import { LoopSettings } from "../../train/loop-settings.ts";
import { PromptDrawSettings } from "../../train/promptable/prompt-draws.ts";
import { PromptableSettings } from "../../train/promptable/settings.ts";
import { augment, CommonSettings, heldOut, labelOfMasks, separator } from "../settings.ts";
import { RefineSettings } from "../zero-shot/settings/refine.ts";

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
const table: Requirement = { words: "a table in --data", holds: (data) => !isFolder(data as string) };
const splitFolders: Requirement = {
  words: "folders named <split>_images and <split>_masks in --data",
  holds: (data) => isFolder(data as string) && !isFolder(join(data as string, "images")),
};

/** `medclip-sam finetune-sam`. */
export const FinetuneSamSettings = z.strictObject(
  grouped("Training", {
    data: z
      .string()
      .describe(
        "folder with images/ and masks/ or masks_<structure>/, or <split>_images/ and <split>_masks/; or a table (CSV: image, mask, coarse, group)",
      )
      .meta({ group: "Input", placeholder: "DIR|FILE", mustExist: true, neutral: true }),
    split: z
      .string()
      .default("train")
      .describe("for folders named <split>_images and <split>_masks")
      .meta({ group: "Input", placeholder: "NAME", needs: [{ data: splitFolders }] }),
    label: labelOfMasks,
    coarse: z
      .string()
      .optional()
      .describe("folder with coarse masks of the pipeline: <structure>/NAME.png, or NAME.png for a single folder of masks")
      .meta({ group: "Input", placeholder: "DIR", mustExist: true, neutral: true }),
    groupColumn: z
      .string()
      .optional()
      .describe("table column of a group, such as patient or case, that must not be split between training and validation")
      .meta({ group: "Input", placeholder: "NAME", needs: heldOut.map((condition) => ({ data: table, ...condition })) }),
    separator: separator.meta({ needs: [{ data: table }] }),
    ...CommonSettings.pick({ device: true, threads: true }).shape,
    sam: RefineSettings.shape.sam,
    samVariant: RefineSettings.shape.samVariant,
    cache: z
      .string()
      .optional()
      .describe("folder for a cache of embeddings when the encoder is frozen (default: as many as fit in memory)")
      .meta({ group: "Machine", placeholder: "DIR", neutral: true, needs: [{ trainEncoder: [false] }] }),
    seed: CommonSettings.shape.seed.describe("seed of the split, the order of the targets and the prompts"),
    epochs: z
      .number()
      .int()
      .positive()
      .default(10)
      .describe("number of epochs; validation runs after each, see --epoch-steps")
      .meta({ needs: [{ steps: "absent" }] }),
    epochSteps: z.number().int().positive().optional().describe("steps per epoch (default: enough to show each target once on average)"),
    steps: z.number().int().positive().optional().describe("total number of steps, instead of --epochs"),
    batch: z.number().int().positive().default(4).describe("images per step"),
    prompts: z.number().int().positive().default(4).describe("prompts per image; they share its embedding, the most expensive part"),
    balance: z
      .enum(["groups", "none"])
      .default("groups")
      .describe("groups: sample structures, or the groups of a table, equally often, regardless of their number of targets"),
    validation: z.number().min(0).max(0.9).default(0.1).describe("fraction of the images in the validation set"),
    ...LoopSettings.shape,
    augment: augment
      .describe(
        "random changes of the images in training, with their masks and coarse masks: none; light: gamma, contrast, noise, blur, small rotations and scales; strong: more of them, mirroring, elastic deformation, low resolution, margins and burnt-in text",
      )
      .meta({ needs: [{ trainEncoder: [true] }] }),
    ...PromptDrawSettings.shape,
    // A table can name coarse masks in a column.
    coarseShare: PromptDrawSettings.shape.coarseShare.meta({ needs: [{ coarse: "given" }, { data: table }] }),
    ...PromptableSettings.shape,
  }),
);
export type FinetuneSamSettings = z.infer<typeof FinetuneSamSettings>;
