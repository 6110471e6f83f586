import { z } from "zod";
import { type AugmentPreset, augmentPresets } from "../augment/index.ts";
import { coarsePresets } from "../coarse/index.ts";
import { isShard } from "../data/is-shard.ts";
import { Separator } from "../data/separator.ts";
import { type Condition, grouped, type Requirement } from "../run/settings/meta.ts";
import { devices } from "../runtime/session.ts";
import { sliceChoice, slicesExpected } from "../scans/slice-range.ts";
import type { View } from "../scans/sources/image-source.ts";
import { windowOf, windowsExpected } from "../scans/sources/named-windows.ts";
import { promptPresets } from "../visual-prompts/index.ts";

/** `paper`: the method as described. `reference`: the behaviour of the released scripts, for comparison with published numbers. */
export const modes = ["paper", "reference"] as const;
export type Mode = (typeof modes)[number];

/** All differences between the two modes. Each value is one documented difference; no step reads the mode itself. */
export const modePresets = {
  paper: {
    ...coarsePresets.paper,
    ...promptPresets.paper,
    /** The map covers the crop that the model saw and is 0 elsewhere; the coarse method sees only that crop. */
    placement: "window",
    /** How captions are cleaned and filtered. */
    captions: "paper",
    /** How the candidate masks of a box are merged: over the candidates of each box, then the union over boxes. */
    votes: "candidates",
    /** Fine-tuning: "50 % decay" is interpreted as halving when the validation loss does not decrease. */
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
    /** As the released trainer: HTML entities and spaces only, no caption is dropped. */
    captions: "reference",
    /** The released code reduces over boxes, which for one box is the union of the candidates. */
    votes: "boxes",
    /** The released loss takes the logarithm of each negative term, not of their sum, and so pulls hard negatives together. */
    loss: "dhn-nce-released",
    lr: 1e-3,
    batch: 16,
    schedule: "cosine",
    /** The rule of torch, by which a negative loss slightly above the best counts as an improvement. */
    plateauThreshold: "torch",
    warmup: 1000,
    /** The released script has no validation set. */
    validation: 0,
  },
} as const;
export type ModePreset = (typeof modePresets)[Mode];

/** Settings of all commands that run models. */
export const CommonSettings = z.strictObject(
  grouped("Machine", {
    mode: z.enum(modes).default("paper").describe("paper: the method as described; reference: as the released scripts"),
    device: z.enum(devices).default("cpu").describe("execution provider of ONNX Runtime"),
    threads: z.number().int().positive().optional().describe("threads per operator; default: all cores").meta({ neutral: true }),
    maxMemory: z
      .string()
      .optional()
      .describe("memory limit such as 2GB: trade speed for memory to stay below it; default: no limit")
      .meta({ placeholder: "SIZE" }),
    seed: z.number().int().nonnegative().default(42).describe("seed of the noise and of sampled points"),
  }),
);
export type CommonSettings = z.infer<typeof CommonSettings>;

/** Slices of a volume, by the plane in which they lie; `stored`: along the third axis of the file. */
export const planesOfSlices = ["axial", "coronal", "sagittal", "stored"] as const;

/** How the frames of scans become images that models see. */
export const ScanSettings = z.strictObject(
  grouped("Input", {
    window: z
      .string()
      .default("file")
      .refine((text) => windowOf(text) !== undefined, windowsExpected)
      .describe(
        "window of the values of DICOM and NIfTI files: file (the file's own), lung, soft, brain, bone, or centre and width such as 40,400",
      )
      .meta({ placeholder: "file|NAME|C,W" }),
    axis: z
      .enum(planesOfSlices)
      .optional()
      .describe("the plane in which a volume is cut into slices (default: as acquired for DICOM, axial for NIfTI)"),
    slices: z
      .string()
      .refine((text) => sliceChoice(text) !== undefined, slicesExpected)
      .optional()
      .describe("only these slices of a volume, counted from 1: 10:40, 10:, :40, 7, or every:5")
      .meta({ placeholder: "A:B|every:N" }),
  }),
);
export type ScanSettings = z.infer<typeof ScanSettings>;

/** How a run shows its images. */
export function viewOf({ mode, window, exif }: Pick<CommonSettings, "mode"> & Pick<ScanSettings, "window"> & Pick<View, "exif">): View {
  const found = windowOf(window);
  return { mode, ...(found !== "file" && { window: found }), ...(exif && { exif }) };
}

/** A pack: a CLIP and a SAM model with settings that suit them. */
export const pack = z
  .string()
  .optional()
  .describe("pack of CLIP and SAM models with their settings: name or folder (default: starter, if no model is given)")
  .meta({ group: "Input", placeholder: "NAME|DIR", neutral: true });

/** For commands that can describe their work instead of doing it. */
export const dryRun = z
  .boolean()
  .default(false)
  .describe("describe the run and estimate its time, without running it")
  .meta({ group: "Output", neutral: true });

/** For commands that measure in millimetres. */
export const spacing = z
  .tuple([z.number().positive(), z.number().positive()])
  .optional()
  .describe("pixel spacing in millimetres, for files without one: row,column")
  .meta({ group: "Input", unit: "mm" });

/** For commands that read mask files. */
export const labelOfMasks = z
  .number()
  .positive()
  .optional()
  .describe("foreground value in label images: a gray level, palette index, or colour such as 0xff0000")
  .meta({ group: "Input" });

/** For settings that concern a table of pairs: a shard needs none of them. */
const table: Requirement = {
  words: "a table in --pairs",
  holds: (files) => !(files as readonly string[]).every(isShard),
};
/** The table of outlined images is read with the same settings. */
const withTables: readonly Condition[] = [{ pairs: table }, { regions: "given" }];

/** For commands that read tables. */
export const separator = Separator.default(",")
  .describe("column separator; \\t or tab for a tab")
  .meta({ group: "Input", placeholder: "CHARACTER" });

/** For commands that train on images. */
export const augment = z.enum(Object.keys(augmentPresets) as [AugmentPreset, ...AugmentPreset[]]).default("none");

/** Source of the image-caption pairs. */
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
      .describe("folder of the images listed in the table (default: folder of the table)")
      .meta({ placeholder: "DIR", mustExist: true, neutral: true, needs: withTables }),
    imageColumn: z
      .string()
      .default("filename")
      .describe("table column with the image files")
      .meta({ placeholder: "NAME", needs: [{ pairs: table }] }),
    captionColumn: z
      .string()
      .default("Caption")
      .describe("table column with the captions")
      .meta({ placeholder: "NAME", needs: [{ pairs: table }] }),
    separator: separator.meta({ needs: withTables }),
    captions: z
      .enum(modes)
      .optional()
      .describe(
        "caption cleaning: paper drops special characters and captions below 20 characters, reference neither (default: as the mode)",
      ),
    workers: z
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe("threads that decode images during the computation (default: number of cores - 1, at most 4)")
      .meta({ group: "Machine", neutral: true }),
  }),
);

/** For settings that concern the validation set of a training. */
export const heldOut: readonly Condition[] = [{ validation: "given" }];
