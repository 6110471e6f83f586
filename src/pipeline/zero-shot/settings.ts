import { z } from "zod";
import { type CoarseMethod, coarseMethods } from "../../coarse/index.ts";
import { keysOf } from "../../keys-of.ts";
import { samPrecisions, samVariantNames } from "../../models/sam/index.ts";
import { pointRules } from "../../prompts/index.ts";
import { scanFormats } from "../../results/scan-formats.ts";
import { type Condition, grouped, type Requirement } from "../../run/settings/meta.ts";
import { type MethodRow, saliencyMethods } from "../../saliency/index.ts";
import { EverythingOptions, regionBackgrounds, voteRules } from "../../segment/index.ts";
import { promptSetKinds } from "../../targets/prompt-sets/kinds.ts";
import { promptSetExpected, promptSetName } from "../../targets/prompt-sets/set-name.ts";
import { CommonSettings, dryRun, labelOfMasks, pack, ScanSettings, spacing } from "../settings.ts";
import { needsOf, settingsOfMethods } from "./method-settings.ts";
import { PresetSettings } from "./presets.ts";

/** For settings that concern the noise of a saliency method. */
const fromNoise = needsOf<MethodRow>("saliencyMethod", saliencyMethods, ({ drawsNoise }) => drawsNoise);
/** For settings that concern point prompts. */
const withPoints: readonly Condition[] = [{ visualPrompt: ["points", "both"] }];

/** Image and text to saliency map. */
export const SaliencySettings = z.strictObject(
  grouped("Saliency", {
    pack,
    saliencyMethod: z.enum(keysOf(saliencyMethods)).default("m2ib").describe("saliency method: m2ib as published, or one for comparison"),
    ...settingsOfMethods(saliencyMethods, "saliencyMethod"),
    clip: z
      .string()
      .optional()
      .describe("CLIP model: folder, weights file or name")
      .meta({ group: "Input", placeholder: "MODEL", neutral: true }),
    clipConfig: z
      .string()
      .optional()
      .describe("configuration of a CLIP weights file without one beside it")
      .meta({ group: "Input", placeholder: "FILE", neutral: true }),
    fit: z.enum(["crop", "squash", "pad"]).default("crop").describe("how an image is made square for CLIP"),
    noise: z
      .string()
      .optional()
      .describe("safetensors file with a tensor `noise`, used for every input instead of seeded noise")
      .meta({ placeholder: "FILE", mustExist: true, neutral: true, ...fromNoise }),
  }),
);

/** Saliency map to coarse mask. */
export const CoarseSettings = z.strictObject(
  grouped("Coarse mask", {
    coarseMethod: z.enum(keysOf(coarseMethods)).default("kmeans").describe("how the saliency map is split into foreground and background"),
    ...settingsOfMethods(coarseMethods, "coarseMethod"),
    keep: z.number().int().positive().default(1).describe("number of largest components to keep"),
    minArea: z.number().int().nonnegative().default(0).describe("components with fewer pixels are dropped first"),
    minSaliency: z.number().min(0).max(1).default(0).describe("components of lower mean saliency are dropped first"),
  }),
);

/** Between saliency map and coarse mask. */
export const AffinitySettings = z.strictObject(
  grouped("Saliency", {
    samAffinity: z
      .boolean()
      .default(false)
      .describe("spread the saliency map over places that look alike to SAM, by the similarity of its image embedding"),
  }),
);
export type AffinitySettings = z.infer<typeof AffinitySettings>;

/** Measures of the saliency map that need no ground truth. */
export const ConfidenceSettings = z.strictObject(
  grouped("Saliency", {
    confidence: z
      .boolean()
      .default(false)
      .describe(
        "measure, without ground truth, how the similarity to the text changes if the image keeps only what the map highlights; two passes of the image tower per map",
      ),
  }),
);
export type ConfidenceSettings = z.infer<typeof ConfidenceSettings>;

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
    visualPrompt: z.enum(["box", "points", "both"]).default("box").describe("visual prompt given to SAM"),
    points: z.number().int().positive().default(10).describe("number of points on the coarse mask").meta({ needs: withPoints }),
    negativePoints: z.number().int().nonnegative().default(0).describe("number of points off the coarse mask").meta({ needs: withPoints }),
    perComponent: z
      .boolean()
      .default(false)
      .describe("one box per component instead of one around all")
      .meta({ needs: [{ visualPrompt: ["box", "both"] }] }),
    maskPrompt: z
      .boolean()
      .default(false)
      .describe(
        "also give SAM the coarse mask as a mask prompt; for models that were trained with such prompts (finetune-sam --mask-share)",
      ),
    empty: z
      .enum(["mask", "box"])
      .optional()
      .describe(
        "for an empty coarse mask: return an empty mask, or prompt with a box around the image (default: mask in paper mode, box in reference mode)",
      ),
    multimask: z
      .enum(["none", "best", ...keysOf(voteRules)])
      .default("none")
      .describe(
        "how SAM's three candidate masks (multimask output) are merged; none: single-mask output; best: the one of the highest score, as SAM-Med2D does",
      ),
    augmentPoints: z
      .enum(["none", ...keysOf(pointRules)])
      .default("none")
      .describe(
        "prompt a second time with points on the first mask (SAMAug): where its surroundings differ most in entropy, farthest from the other points, or at random",
      ),
    augmentCount: z
      .number()
      .int()
      .positive()
      .default(1)
      .describe("number of these points")
      .meta({ needs: [{ augmentPoints: keysOf(pointRules) }] }),
    samVariant: z
      .enum(["auto", ...samVariantNames])
      .default("auto")
      .describe(
        "how images become the input of the SAM model; auto: by the names of its tensors, its repository and its file (MedSAM has SAM's tensors, so only its name tells it)",
      )
      .meta({ neutral: true }),
    samPrecision: z
      .enum(samPrecisions)
      .default("float32")
      .describe("int8 encodes images in about 0.6 of the time; its error in masks has not been measured with trained weights"),
    cache: z
      .string()
      .optional()
      .describe("folder for a cache of SAM's image embeddings, 4 MB per image: later runs on the same image skip the encoder")
      .meta({ group: "Machine", placeholder: "DIR", neutral: true }),
  }),
);
export type RefineSettings = z.infer<typeof RefineSettings>;

const ofSalip: { readonly needs: readonly Condition[] } = { needs: [{ baseline: ["salip"] }] };
const { pointsPerSide, pointMasks, predIou, stability, boxNms } = EverythingOptions.shape;

/** Another way to find the target than saliency map and coarse method, to compare with. A new one is one file, its name here and one row of `baselines`. */
export const RegionSettings = z.strictObject(
  grouped("Regions", {
    baseline: z
      .enum(["salip"])
      .optional()
      .describe(
        "another method instead of saliency map and coarse method, to compare with; salip: of SAM's automatic masks the --keep that CLIP finds most like the text",
      ),
    pointsPerSide: pointsPerSide.meta(ofSalip),
    pointMasks: pointMasks.meta(ofSalip),
    predIou: predIou.meta(ofSalip),
    stability: stability.meta(ofSalip),
    boxNms: boxNms.meta(ofSalip),
    regionBackground: z
      .enum(regionBackgrounds)
      .default("keep")
      .describe("what CLIP sees around a region in its box: keep, the image; blank, black")
      .meta(ofSalip),
  }),
);
export type RegionSettings = z.infer<typeof RegionSettings>;

/** For settings that compare neighbouring slices, which every Nth ones are not. */
export const neighbouring: Requirement = {
  words: "neighbouring slices",
  holds: (slices) => typeof slices !== "string" || !slices.startsWith("every:"),
};

/** Whether a target that is not in the image gets an empty mask. */
export const PresenceSettings = z.strictObject(
  grouped("Not present", {
    abstain: z
      .boolean()
      .optional()
      .describe("empty mask where the calibration says that the image does not show the target (default: on where there is a calibration)"),
    calibration: z
      .string()
      .optional()
      .describe("file of `calibrate` (default: that of the pack)")
      .meta({ placeholder: "FILE", mustExist: true }),
  }),
);
export type PresenceSettings = z.infer<typeof PresenceSettings>;

/** How the masks of a volume's slices are made consistent with one another. */
export const VolumeSettings = z.strictObject(
  grouped("Volumes", {
    propagate: z
      .boolean()
      .default(false)
      .describe("prompt each slice of a volume with the mask of its neighbour, from the surest slices on; up to three times the time")
      .meta({ needs: [{ slices: neighbouring }] }),
    smoothSlices: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(0)
      .describe("smooth the masks of a volume across slices: the majority of so many slices to each side; 0: off")
      .meta({ needs: [{ slices: neighbouring }] }),
    componentShare: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe("drop connected parts of a volume's mask that are smaller than this share of the largest; 0: keep all")
      .meta({ needs: [{ slices: neighbouring }] }),
  }),
);
export type VolumeSettings = z.infer<typeof VolumeSettings>;

/** How the results of scans are written, beside PNG. */
export const FormatSettings = z.strictObject(
  grouped("Output", {
    format: z
      .array(z.enum(scanFormats))
      .optional()
      .describe("format of the results beside PNG; repeat for several (default: dicom-seg for DICOM, nifti for NIfTI)")
      .meta({ neutral: true }),
    fractional: z
      .boolean()
      .default(false)
      .describe("also write SAM's probabilities in the masks, 0 to 255, and a fractional DICOM SEG of them instead of a binary one"),
    strip: z.boolean().default(false).describe("copy from a DICOM source only what the standard requires").meta({ neutral: true }),
    deterministic: z
      .boolean()
      .default(false)
      .describe("give DICOM objects the same UIDs and times at each export of the same masks")
      .meta({ neutral: true }),
  }),
);

/** Text prompts from a set, by which a run can choose among several ways to describe the same target. */
export const PromptSetSettings = z.strictObject(
  grouped("Input", {
    promptSet: z
      .string()
      .refine((text) => promptSetName(text) !== undefined, `expected ${promptSetExpected}`)
      .optional()
      .describe(
        "set of text prompts: TASK/P0 to P5 or appearance of the sets that come with the package (prompts list), or FILE.json#P2 of your own",
      )
      .meta({ placeholder: "TASK/SET", neutral: true, excludes: ["prompt", "target", "prompts"] }),
    classAware: z
      .string()
      .optional()
      .describe(
        "CSV (filename,class) or JSON file with the class of each image, for the sets P1, P3 and P5 that name it; such results are not zero-shot",
      )
      .meta({ placeholder: "FILE", mustExist: true, neutral: true, needs: [{ promptSet: "given" }] }),
  }),
);

/** The setting whose value is a prompt set that draws a sentence for each image. */
const fromDraws: Condition = {
  promptSet: {
    words: "a prompt set that draws its sentences",
    holds: (text) => typeof text === "string" && drawsSentences(text),
  },
};

function drawsSentences(text: string): boolean {
  const found = promptSetName(text);
  return found !== undefined && promptSetKinds[found.kind].draws;
}

/** Settings of a run over images beside those of its steps. */
export const RunSettings = z.strictObject(
  grouped("Input", {
    inputs: z.array(z.string()).min(1).describe("images and folders (searched recursively)").meta({ mustExist: true, neutral: true }),
    prompt: z
      .array(z.string().min(1))
      .optional()
      .describe("text prompt; pass it several times for an ensemble")
      .meta({ placeholder: "TEXT", neutral: true, excludes: ["target", "prompts", "promptSet"] }),
    target: z
      .array(z.string().min(1))
      .optional()
      .describe("NAME=TEXT: a named target with its text prompt, for several targets; repeat a name for an ensemble")
      .meta({ placeholder: "NAME=TEXT", neutral: true, excludes: ["prompt", "prompts", "promptSet"] }),
    prompts: z
      .string()
      .optional()
      .describe('JSON file that maps file names to a text prompt, a list of them, or { NAME: prompt }; "*" for all others')
      .meta({ placeholder: "FILE", mustExist: true, neutral: true, excludes: ["prompt", "target", "promptSet"] }),
    ...PromptSetSettings.shape,
    out: z.string().describe("folder for the results").meta({ group: "Output", placeholder: "DIR", neutral: true }),
    raw: z.boolean().default(false).describe("also write the float32 arrays behind the images").meta({ group: "Output", neutral: true }),
    overwrite: z.boolean().default(false).describe("replace results that other settings made").meta({ group: "Output", neutral: true }),
    dryRun,
  }),
);

/** What a step that reads no text has no settings for. */
const withoutText = { prompt: true, target: true, prompts: true, promptSet: true, classAware: true } as const;

/** The settings of which one gives the text prompts of a run. */
const promptSources = ["prompt", "target", "prompts", "promptSet"] as const;

const sourcesIn = (settings: Partial<Pick<z.infer<typeof RunSettings>, (typeof promptSources)[number]>>): number =>
  promptSources.filter((name) => settings[name] !== undefined).length;
const textPrompts = (settings: Parameters<typeof sourcesIn>[0]) => sourcesIn(settings) === 1;
const promptMessage = {
  error: ({ input }: { readonly input?: unknown }) => {
    const isNone = sourcesIn(input as Parameters<typeof sourcesIn>[0]) === 0;
    return `${isNone ? "no text prompt: pass" : "give text prompts in one way only:"} --prompt TEXT (repeat for an ensemble), --target NAME=TEXT (repeat for several targets), --prompts FILE.json, or --prompt-set TASK/SET`;
  },
};

/** Refuses settings without a text prompt, and those with two sources of it. */
export const onePromptSource = [textPrompts, promptMessage] as const;

/** The seed has an effect only where random numbers are drawn: for noise that no file gives, for points, and for sentences of a prompt set. */
export const seed = CommonSettings.shape.seed.meta({
  needs: [
    ...(fromNoise.needs ?? [{}]).map((condition): Condition => ({ ...condition, noise: "absent" })),
    ...withPoints,
    { augmentPoints: ["random"] },
    fromDraws,
  ],
});

/** `medclip-sam segment`. */
export const SegmentSettings = z
  .strictObject({
    ...RunSettings.shape,
    ...ScanSettings.shape,
    ...PresetSettings.shape,
    ...CommonSettings.shape,
    ...SaliencySettings.shape,
    ...AffinitySettings.shape,
    ...ConfidenceSettings.shape,
    ...CoarseSettings.shape,
    ...RefineSettings.shape,
    ...RegionSettings.shape,
    ...PresenceSettings.shape,
    ...VolumeSettings.shape,
    exif: z
      .enum(["apply", "ignore"])
      .default("ignore")
      .describe("show pictures upright, as EXIF says, or as they are stored; masks lie as the stored pixels either way")
      .meta({ group: "Input" }),
    ...FormatSettings.shape,
    seed,
    spacing,
  })
  .refine(...onePromptSource);
export type SegmentSettings = z.infer<typeof SegmentSettings>;

/** For settings of SAM where only the spreading of the map needs it. */
const ofAffinity: { readonly needs: readonly Condition[] } = { needs: [{ samAffinity: "given" }] };

/** `medclip-sam saliency`. */
export const SaliencyRunSettings = z
  .strictObject({
    ...RunSettings.shape,
    ...ScanSettings.shape,
    ...PresetSettings.shape,
    ...CommonSettings.shape,
    ...SaliencySettings.shape,
    ...AffinitySettings.shape,
    ...ConfidenceSettings.shape,
    sam: RefineSettings.shape.sam.meta(ofAffinity),
    samVariant: RefineSettings.shape.samVariant.meta(ofAffinity),
    samPrecision: RefineSettings.shape.samPrecision.meta(ofAffinity),
    cache: RefineSettings.shape.cache.meta(ofAffinity),
    seed,
  })
  .refine(...onePromptSource);
export type SaliencyRunSettings = z.infer<typeof SaliencyRunSettings>;

/** For settings that concern the images of `coarse`. */
const withImages: readonly Condition[] = [{ images: "given" }];

/** `medclip-sam coarse`: `inputs` is one folder of saliency maps. */
export const CoarseRunSettings = z.strictObject({
  ...RunSettings.omit({ ...withoutText, raw: true }).shape,
  inputs: RunSettings.shape.inputs.meta({ resultsOf: "saliency" }),
  ...PresetSettings.shape,
  pack,
  images: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("images of the maps, or folders of them, matched by name; for a method that looks at them (crf)")
    .meta({
      group: "Input",
      placeholder: "PATH",
      mustExist: true,
      neutral: true,
      ...needsOf<CoarseMethod>("coarseMethod", coarseMethods, ({ needsImage }) => needsImage),
    }),
  window: ScanSettings.shape.window.meta({ needs: withImages }),
  axis: ScanSettings.shape.axis.meta({ needs: withImages }),
  ...CommonSettings.pick({ mode: true }).shape,
  ...CoarseSettings.shape,
});
export type CoarseRunSettings = z.infer<typeof CoarseRunSettings>;

/** `medclip-sam refine`. */
export const RefineRunSettings = z.strictObject({
  ...RunSettings.omit(withoutText).shape,
  ...ScanSettings.shape,
  ...PresetSettings.shape,
  ...CommonSettings.shape,
  ...RefineSettings.shape,
  seed,
  coarse: z
    .string()
    .describe("folder with coarse masks, or output folder of `coarse` or `segment`")
    .meta({ group: "Input", placeholder: "DIR", mustExist: true, neutral: true, resultsOf: "coarse" }),
  label: labelOfMasks,
  spacing,
});
export type RefineRunSettings = z.infer<typeof RefineRunSettings>;
