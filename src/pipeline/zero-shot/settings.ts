import { z } from "zod";
import { type CoarseMethodName, coarseMethods } from "../../coarse/index.ts";
import { samPrecisions } from "../../models/sam/index.ts";
import { type Condition, grouped } from "../../run/settings/meta.ts";
import { type MethodRow, type SaliencyMethodName, saliencyMethods } from "../../saliency/index.ts";
import { voteRules } from "../../segment/index.ts";
import { CommonSettings, labelOfMasks, pack, spacing } from "../settings.ts";
import { needsOf, settingsOfMethods } from "./method-settings.ts";

const names = <T extends string>(table: Record<T, unknown>) => Object.keys(table) as [T, ...T[]];

/** Of settings that are about the noise of a saliency method. */
const fromNoise = needsOf<MethodRow>("saliencyMethod", saliencyMethods, ({ drawsNoise }) => drawsNoise);
/** Of settings that are about points given to SAM. */
const withPoints: readonly Condition[] = [{ visualPrompt: ["points", "both"] }];

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

export type SaliencySettings = z.infer<typeof SaliencySettings>;
export type CoarseSettings = z.infer<typeof CoarseSettings>;

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
export type RefineSettings = z.infer<typeof RefineSettings>;

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
      .meta({ placeholder: "TEXT", neutral: true, excludes: ["target", "prompts"] }),
    target: z
      .array(z.string().min(1))
      .optional()
      .describe("NAME=TEXT: one of several things to look for; a name again is an ensemble")
      .meta({ placeholder: "NAME=TEXT", neutral: true, excludes: ["prompt", "prompts"] }),
    prompts: z
      .string()
      .optional()
      .describe('JSON file: file name to sentence or list of sentences, or to { NAME: sentence }; "*" for all others')
      .meta({ placeholder: "FILE", mustExist: true, neutral: true, excludes: ["prompt", "target"] }),
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

const textPrompts = ({ prompt, target, prompts }: Partial<Pick<z.infer<typeof RunSettings>, "prompt" | "target" | "prompts">>) =>
  [prompt, target, prompts].filter((given) => given !== undefined).length === 1;
const promptMessage = {
  error:
    "give the text in one way: --prompt TEXT (more than once for an ensemble), --target NAME=TEXT (more than once for several), or --prompts FILE.json",
};

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
    spacing,
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
  ...RunSettings.omit({ prompt: true, target: true, prompts: true, raw: true }).shape,
  inputs: RunSettings.shape.inputs.meta({ resultsOf: "saliency" }),
  pack,
  ...CommonSettings.pick({ mode: true }).shape,
  ...CoarseSettings.shape,
});
export type CoarseRunSettings = z.infer<typeof CoarseRunSettings>;

/** `medclip-sam refine`. */
export const RefineRunSettings = z.strictObject({
  ...RunSettings.omit({ prompt: true, target: true, prompts: true }).shape,
  ...CommonSettings.shape,
  ...RefineSettings.shape,
  seed,
  coarse: z
    .string()
    .describe("folder with the coarse masks, or the folder that `coarse` or `segment` wrote")
    .meta({ group: "Input", placeholder: "DIR", mustExist: true, neutral: true, resultsOf: "coarse" }),
  label: labelOfMasks,
  spacing,
});
export type RefineRunSettings = z.infer<typeof RefineRunSettings>;
