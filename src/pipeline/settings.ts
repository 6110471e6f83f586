import { z } from "zod";
import { coarsePresets } from "../coarse/index.ts";
import { Separator } from "../data/separator.ts";
import { promptPresets } from "../prompts/index.ts";
import { type Condition, grouped } from "../run/settings/meta.ts";
import { devices } from "../runtime/session.ts";

/** `paper`: what the method says. `reference`: what the released scripts do, so that published numbers can be compared. */
export const modes = ["paper", "reference"] as const;
export type Mode = (typeof modes)[number];

/** Everything in which the two modes differ. Each value is one documented difference; no step asks for the mode itself. */
export const modePresets = {
  paper: {
    ...coarsePresets.paper,
    ...promptPresets.paper,
    /** The map lies where the model looked and is 0 elsewhere; the coarse method sees that part alone. */
    placement: "window",
    /** How captions are cleaned, and which are dropped. */
    captions: "paper",
    /** How several candidate masks of a box become one: over the candidates of each box, then the union of the boxes. */
    votes: "candidates",
    /** Fine-tuning: "50 % decay" is read as halving when the validation loss does not fall. */
    loss: "dhn-nce",
    lr: 1e-6,
    batch: 64,
    schedule: "plateau",
    plateauThreshold: "relative",
    warmup: 0,
    validation: 0.15,
  },
  reference: {
    ...coarsePresets.reference,
    ...promptPresets.reference,
    /** The map of the centre crop is stretched over the whole image. */
    placement: "stretch",
    /** As the released trainer does: entities and spaces alone, nothing is dropped. */
    captions: "reference",
    /** The released rule reduces over the boxes, which for one box is the union of the candidates. */
    votes: "boxes",
    /** The released loss takes the logarithm of each negative term, not of their sum, and so pulls hard negatives together. */
    loss: "dhn-nce-released",
    lr: 1e-3,
    batch: 16,
    schedule: "cosine",
    /** torch's rule, in which a loss below 0 that is slightly worse than the best counts as better. */
    plateauThreshold: "torch",
    warmup: 1000,
    /** The released script holds nothing out. */
    validation: 0,
  },
} as const;
export type ModePreset = (typeof modePresets)[Mode];

/** Settings of every command that computes. */
export const CommonSettings = z.strictObject(
  grouped("Machine", {
    mode: z.enum(modes).default("paper").describe("what the method says, or what the released scripts do"),
    device: z.enum(devices).default("cpu").describe("execution provider of ONNX Runtime"),
    threads: z.number().int().positive().optional().describe("threads inside an operator; all cores by default").meta({ neutral: true }),
    maxMemory: z
      .string()
      .optional()
      .describe("SIZE such as 2GB: trade speed for memory so that the run stays below it; by default nothing is traded")
      .meta({ placeholder: "SIZE" }),
    seed: z.number().int().nonnegative().default(42).describe("of the noise and of sampled points"),
  }),
);
export type CommonSettings = z.infer<typeof CommonSettings>;

/** Models that belong together, with the settings that suit them. */
export const pack = z
  .string()
  .optional()
  .describe("CLIP and SAM that belong together: a name or folder (default: phantom, if no model is named)")
  .meta({ group: "Input", placeholder: "NAME|DIR", neutral: true });

/** Of every command that measures in millimetres. */
export const spacing = z
  .tuple([z.number().positive(), z.number().positive()])
  .optional()
  .describe("millimetres per pixel, where the files do not tell: row,column")
  .meta({ group: "Input", unit: "mm" });

/** Of every command that reads mask files. */
export const labelOfMasks = z
  .number()
  .positive()
  .optional()
  .describe("value of label images that is foreground: a level, an index of a palette, or a colour such as 0xff0000")
  .meta({ group: "Input" });

/** Where image-caption pairs come from. */
export const PairSettings = z.strictObject(
  grouped("Input", {
    pairs: z
      .array(z.string())
      .min(1)
      .describe("table of image-caption pairs (CSV with a header), or a WebDataset shard (.tar)")
      .meta({ placeholder: "FILE", mustExist: true, neutral: true }),
    images: z
      .string()
      .optional()
      .describe("folder of the images that the table names (default: the folder of the table)")
      .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    imageColumn: z.string().default("filename").describe("column of the table with the image files").meta({ placeholder: "NAME" }),
    captionColumn: z.string().default("Caption").describe("column of the table with the captions").meta({ placeholder: "NAME" }),
    separator: Separator.default(",").describe("character between the columns; for a tab \\t or tab").meta({ placeholder: "CHARACTER" }),
    captions: z
      .enum(modes)
      .optional()
      .describe(
        "how captions are cleaned: paper drops special characters and captions below 20 characters, reference neither (default: as the mode)",
      ),
    workers: z
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe("threads that decode images beside the computation (default: one less than cores, at most 4)")
      .meta({ group: "Machine", neutral: true }),
  }),
);

/** Of settings that are about what is held out of a training. */
export const heldOut: readonly Condition[] = [{ validation: "given" }];
