import { z } from "zod";
import { type CoarseMethod, coarseMethods } from "../../../coarse/index.ts";
import type { Condition } from "../../../run/settings/meta.ts";
import { CommonSettings, labelOfMasks, pack, ScanSettings, spacing } from "../../settings.ts";
import { RegionSettings } from "./baselines.ts";
import { CoarseSettings } from "./coarse.ts";
import { needsOf } from "./method-settings.ts";
import { PresenceSettings } from "./presence.ts";
import { PresetSettings } from "./presets.ts";
import { RefineSettings, withPoints } from "./refine.ts";
import { fromDraws, onePromptSource, RunSettings, withoutText } from "./run.ts";
import { AffinitySettings, ConfidenceSettings, fromNoise, SaliencySettings } from "./saliency.ts";
import { FormatSettings, VolumeSettings } from "./scans.ts";

/** The seed has an effect only where random numbers are drawn: for noise that no file gives, for points, and for sentences of a prompt set. */
export const seed = CommonSettings.shape.seed.meta({
  needs: [
    ...(fromNoise.needs ?? [{}]).map((condition): Condition => ({ ...condition, noise: "absent" })),
    ...withPoints,
    { augmentPoints: ["random"] },
    fromDraws,
  ],
});

/** The settings of a run up to the saliency maps. */
const toMaps = {
  ...RunSettings.shape,
  ...ScanSettings.shape,
  ...PresetSettings.shape,
  ...CommonSettings.shape,
  ...SaliencySettings.shape,
  ...AffinitySettings.shape,
  ...ConfidenceSettings.shape,
};

/** `medclip-sam segment`. */
export const SegmentSettings = z
  .strictObject({
    ...toMaps,
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
    ...toMaps,
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
