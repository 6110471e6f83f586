import { z } from "zod";
import { type CoarseMethodName, coarseMethods, coarsePresets } from "../coarse/index.ts";
import { Separator } from "../data/separator.ts";
import { samPrecisions } from "../models/sam/index.ts";
import { modalities } from "../phantom/phantom.ts";
import { promptPresets } from "../prompts/index.ts";
import { type Condition, grouped, metaOf } from "../run/settings/meta.ts";
import { devices } from "../runtime/session.ts";
import { type MethodRow, type SaliencyMethodName, saliencyMethods } from "../saliency/index.ts";
import { voteRules } from "../segment/index.ts";
import { ContrastiveSettings } from "../train/contrastive/settings.ts";
import { LoopSettings } from "../train/loop-settings.ts";
import { PromptDrawSettings } from "../train/promptable/prompt-draws.ts";
import { PromptableSettings } from "../train/promptable/settings.ts";
import { needsOf, settingsOfMethods } from "./zero-shot/method-settings.ts";

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

const names = <T extends string>(table: Record<T, unknown>) => Object.keys(table) as [T, ...T[]];

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

/** Models that belong together, with the settings that suit them. */
const pack = z
  .string()
  .optional()
  .describe("CLIP and SAM that belong together: a name or folder (default: phantom, if no model is named)")
  .meta({ group: "Input", placeholder: "NAME|DIR", neutral: true });

/** Of settings that are about the noise of a saliency method. */
const fromNoise = needsOf<MethodRow>("saliencyMethod", saliencyMethods, ({ drawsNoise }) => drawsNoise);
/** Of settings that are about points given to SAM. */
const withPoints: readonly Condition[] = [{ visualPrompt: ["points", "both"] }];
/** Of settings that are about what is held out of a training. */
const heldOut: readonly Condition[] = [{ validation: "given" }];

/** Image and text to saliency map. */
export const SaliencySettings = z.strictObject(
  grouped("Saliency", {
    pack,
    saliencyMethod: z
      .enum(names<SaliencyMethodName>(saliencyMethods))
      .default("m2ib")
      .describe("how the map is made: m2ib as published, or one to compare with it"),
    ...settingsOfMethods(saliencyMethods, "saliencyMethod"),
    clip: z
      .string()
      .optional()
      .describe("CLIP model: folder, weights file or name")
      .meta({ group: "Input", placeholder: "MODEL", neutral: true }),
    clipConfig: z
      .string()
      .optional()
      .describe("configuration for a CLIP file that has none beside it")
      .meta({ group: "Input", placeholder: "FILE", neutral: true }),
    fit: z.enum(["crop", "squash", "pad"]).default("crop").describe("how an image becomes the square that CLIP sees"),
    noise: z
      .string()
      .optional()
      .describe("safetensors file whose tensor `noise` replaces the seeded noise of every input")
      .meta({ placeholder: "FILE", mustExist: true, neutral: true, ...fromNoise }),
  }),
);

/** Saliency map to coarse mask. */
export const CoarseSettings = z.strictObject(
  grouped("Coarse mask", {
    coarseMethod: z
      .enum(names<CoarseMethodName>(coarseMethods))
      .default("kmeans")
      .describe("how the map is cut into foreground and background"),
    ...settingsOfMethods(coarseMethods, "coarseMethod"),
    keep: z.number().int().positive().default(1).describe("how many of the largest components stay"),
    minArea: z.number().int().nonnegative().default(0).describe("components with fewer pixels are dropped first"),
    minSaliency: z.number().min(0).max(1).default(0).describe("components of lower mean saliency are dropped first"),
  }),
);

/** Of every command that reads mask files. */
export const labelOfMasks = z
  .number()
  .positive()
  .optional()
  .describe("value of label images that is foreground: a level, an index of a palette, or a colour such as 0xff0000")
  .meta({ group: "Input" });

/** Image and coarse mask to mask. */
export const RefineSettings = z.strictObject(
  grouped("SAM", {
    pack,
    sam: z
      .string()
      .optional()
      .describe("SAM model: folder, checkpoint file or name")
      .meta({ group: "Input", placeholder: "MODEL", neutral: true }),
    visualPrompt: z.enum(["box", "points", "both"]).default("box").describe("what SAM is given"),
    points: z.number().int().positive().default(10).describe("points on the coarse mask").meta({ needs: withPoints }),
    negativePoints: z.number().int().nonnegative().default(0).describe("points off the coarse mask").meta({ needs: withPoints }),
    perComponent: z
      .boolean()
      .default(false)
      .describe("one box for each component instead of one round everything")
      .meta({ needs: [{ visualPrompt: ["box", "both"] }] }),
    empty: z
      .enum(["mask", "box"])
      .optional()
      .describe("what an empty coarse mask becomes: an empty mask, or a box round the image (mask in paper mode, box in reference mode)"),
    multimask: z
      .enum(["none", ...names(voteRules)])
      .default("none")
      .describe("how SAM's three candidate masks become one; none asks for a single mask"),
    samPrecision: z
      .enum(samPrecisions)
      .default("float32")
      .describe("int8 encodes images in 0.6 of the time, approximately: the error in masks is not measured with trained weights"),
    cache: z
      .string()
      .optional()
      .describe("folder in which SAM's image embeddings are kept, 4 MB an image: a second run on the same image does not encode it again")
      .meta({ group: "Machine", placeholder: "DIR", neutral: true }),
  }),
);

/** What a run over images is told beside the settings of its steps. */
export const RunSettings = z.strictObject(
  grouped("Input", {
    inputs: z
      .array(z.string())
      .min(1)
      .describe("images and folders, which are walked recursively")
      .meta({ mustExist: true, neutral: true }),
    prompt: z
      .array(z.string().min(1))
      .optional()
      .describe("sentence that says what to look for; several are an ensemble")
      .meta({ placeholder: "TEXT", neutral: true, excludes: ["prompts"] }),
    prompts: z
      .string()
      .optional()
      .describe('JSON file: file name to sentence or list of sentences, "*" for all others')
      .meta({ placeholder: "FILE", mustExist: true, neutral: true, excludes: ["prompt"] }),
    out: z.string().describe("folder for the results").meta({ group: "Output", placeholder: "DIR", neutral: true }),
    raw: z.boolean().default(false).describe("also write the float32 arrays behind the pictures").meta({ group: "Output", neutral: true }),
    overwrite: z.boolean().default(false).describe("replace results that other settings made").meta({ group: "Output", neutral: true }),
    dryRun: z
      .boolean()
      .default(false)
      .describe("say what would be done, and how long it would take")
      .meta({ group: "Output", neutral: true }),
  }),
);

const textPrompts = (settings: { prompt?: string[] | undefined; prompts?: string | undefined }) =>
  (settings.prompt !== undefined) !== (settings.prompts !== undefined);
const promptMessage = { error: "give the text either with --prompt TEXT (more than once for an ensemble) or with --prompts FILE.json" };

/** Both steps that draw random numbers have methods that draw none. */
const seed = CommonSettings.shape.seed.meta({ needs: [...(fromNoise.needs ?? []), ...withPoints] });

/** `medclip-sam segment`. */
export const SegmentSettings = z
  .strictObject({
    ...RunSettings.shape,
    ...CommonSettings.shape,
    ...SaliencySettings.shape,
    ...CoarseSettings.shape,
    ...RefineSettings.shape,
    seed,
  })
  .refine(textPrompts, promptMessage);
export type SegmentSettings = z.infer<typeof SegmentSettings>;

/** `medclip-sam saliency`. */
export const SaliencyRunSettings = z
  .strictObject({ ...RunSettings.shape, ...CommonSettings.shape, ...SaliencySettings.shape, seed })
  .refine(textPrompts, promptMessage);
export type SaliencyRunSettings = z.infer<typeof SaliencyRunSettings>;

/** `medclip-sam coarse`: `inputs` is one folder of saliency maps. */
export const CoarseRunSettings = z.strictObject({
  ...RunSettings.omit({ prompt: true, prompts: true, raw: true }).shape,
  inputs: RunSettings.shape.inputs.meta({ resultsOf: "saliency" }),
  pack,
  ...CommonSettings.pick({ mode: true }).shape,
  ...CoarseSettings.shape,
});
export type CoarseRunSettings = z.infer<typeof CoarseRunSettings>;

/** `medclip-sam refine`. */
export const RefineRunSettings = z.strictObject({
  ...RunSettings.omit({ prompt: true, prompts: true }).shape,
  ...CommonSettings.shape,
  ...RefineSettings.shape,
  seed,
  coarse: z
    .string()
    .describe("folder with the coarse masks, or the folder that `coarse` or `segment` wrote")
    .meta({ group: "Input", placeholder: "DIR", mustExist: true, neutral: true, resultsOf: "coarse" }),
  label: labelOfMasks,
});
export type RefineRunSettings = z.infer<typeof RefineRunSettings>;

/** `medclip-sam embed`. */
export const EmbedSettings = z.strictObject(
  grouped("Input", {
    ...CommonSettings.pick({ mode: true, device: true, threads: true }).shape,
    ...SaliencySettings.pick({ pack: true, clip: true, clipConfig: true, fit: true }).shape,
    inputs: z.array(z.string()).default([]).describe("images and folders").meta({ mustExist: true }),
    text: z.array(z.string()).default([]).describe("sentences").meta({ placeholder: "TEXT" }),
    out: z.string().describe("safetensors file for the features").meta({ group: "Output", placeholder: "FILE" }),
  }),
);
export type EmbedSettings = z.infer<typeof EmbedSettings>;

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

/** `medclip-sam retrieve`. */
export const RetrieveSettings = z.strictObject(
  grouped("Scores", {
    ...PairSettings.shape,
    ...CommonSettings.pick({ mode: true, device: true, threads: true }).shape,
    ...SaliencySettings.pick({ pack: true, clip: true, clipConfig: true }).shape,
    seed: CommonSettings.shape.seed.describe("of the shuffles"),
    batch: z.number().int().min(2).default(50).describe("candidates of a query in the paper's protocol"),
    shuffles: z.number().int().positive().default(5).describe("how often the pairs are dealt into batches"),
    keepPartial: z.boolean().default(false).describe("also count a last batch that is not full"),
    dryRun: z
      .boolean()
      .default(false)
      .describe("say what would be done, and how long it would take")
      .meta({ group: "Output", neutral: true }),
    json: z.string().optional().describe("write the scores to this file").meta({ group: "Output", placeholder: "FILE" }),
  }),
);
export type RetrieveSettings = z.infer<typeof RetrieveSettings>;

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
    out: z
      .string()
      .describe("folder for checkpoints, metrics, report and model")
      .meta({ group: "Output", placeholder: "DIR", neutral: true }),
    overwrite: z.boolean().default(false).describe("begin anew where the folder holds a training").meta({ group: "Output", neutral: true }),
    dryRun: z
      .boolean()
      .default(false)
      .describe("say what would be done, and how long it would take")
      .meta({ group: "Output", neutral: true }),
    seed: CommonSettings.shape.seed.describe("of the split, the order of the pairs, the crops and LoRA's start"),
    epochs: z.number().int().positive().default(32).describe("how often each pair is seen"),
    batch: ofMode(z.number().int().min(2).describe("pairs that are compared with one another"), "batch"),
    validation: ofMode(z.number().min(0).max(0.9).describe("share of the pairs that is held out"), "validation"),
    earlyStop: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("stop after so many epochs without a lower validation loss (default: never)")
      .meta({ needs: heldOut }),
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
      .meta({ group: "Input", placeholder: "NAME" }),
    label: labelOfMasks,
    coarse: z
      .string()
      .optional()
      .describe("folder with coarse masks of the pipeline: <structure>/NAME.png, or NAME.png for a single folder of masks")
      .meta({ group: "Input", placeholder: "DIR", mustExist: true, neutral: true }),
    groupColumn: z
      .string()
      .optional()
      .describe("column of the table whose value, a patient or case, must not be in training and validation both")
      .meta({ group: "Input", placeholder: "NAME", needs: heldOut }),
    separator: PairSettings.shape.separator,
    ...CommonSettings.pick({ device: true, threads: true }).shape,
    sam: z
      .string()
      .optional()
      .describe("SAM model: folder, checkpoint file or name")
      .meta({ group: "Input", placeholder: "MODEL", neutral: true }),
    cache: z
      .string()
      .optional()
      .describe("folder in which embeddings are kept where the encoder is not trained (default: as many as fit in memory)")
      .meta({ group: "Machine", placeholder: "DIR", neutral: true, needs: [{ trainEncoder: [false] }] }),
    out: z
      .string()
      .describe("folder for checkpoints, metrics, report and model")
      .meta({ group: "Output", placeholder: "DIR", neutral: true }),
    overwrite: z.boolean().default(false).describe("begin anew where the folder holds a training").meta({ group: "Output", neutral: true }),
    dryRun: z
      .boolean()
      .default(false)
      .describe("say what would be done, and how long it would take")
      .meta({ group: "Output", neutral: true }),
    seed: CommonSettings.shape.seed.describe("of the split, the order of the targets and the prompts"),
    epochs: z
      .number()
      .int()
      .positive()
      .default(10)
      .describe("how often the held-out targets are scored, see --epoch-steps")
      .meta({ needs: [{ steps: "absent" }] }),
    epochSteps: z.number().int().positive().optional().describe("steps of an epoch (default: as many as show each target once on average)"),
    steps: z.number().int().positive().optional().describe("steps in all, in place of --epochs"),
    batch: z.number().int().positive().default(4).describe("images a step"),
    prompts: z.number().int().positive().default(4).describe("prompts an image: they share its embedding, which costs most"),
    balance: z
      .enum(["groups", "none"])
      .default("groups")
      .describe("groups: show structures, or the groups of a table, equally often, however many targets each has"),
    validation: z.number().min(0).max(0.9).default(0.1).describe("share of the images that is held out"),
    earlyStop: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("stop after so many epochs without a higher DSC (default: never)")
      .meta({ needs: heldOut }),
    ...LoopSettings.shape,
    ...PromptDrawSettings.shape,
    ...PromptableSettings.shape,
  }),
);
export type FinetuneSamSettings = z.infer<typeof FinetuneSamSettings>;

export type CommonSettings = z.infer<typeof CommonSettings>;
export type SaliencySettings = z.infer<typeof SaliencySettings>;
export type CoarseSettings = z.infer<typeof CoarseSettings>;
export type RefineSettings = z.infer<typeof RefineSettings>;

/** `medclip-sam phantom`. */
export const PhantomSettings = z.strictObject(
  grouped("Input", {
    out: z
      .string()
      .describe("folder for the images, masks, captions, prompts and the vocabulary")
      .meta({ group: "Output", placeholder: "DIR", neutral: true }),
    count: z.number().int().positive().default(100).describe("images of each modality"),
    seed: z.number().int().nonnegative().default(42).describe("of all that is drawn and written"),
    size: z.number().int().min(64).max(1024).default(256).describe("width and height in pixels").meta({ unit: "px" }),
    modalities: z
      .array(z.enum(modalities))
      .min(1)
      .default([...modalities])
      .describe("what is drawn; all by default"),
    start: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("number of the first image of each modality: other numbers, other images, so that sets of one seed do not overlap"),
    overwrite: z.boolean().default(false).describe("replace images that other settings made").meta({ group: "Output", neutral: true }),
  }),
);
export type PhantomSettings = z.infer<typeof PhantomSettings>;
