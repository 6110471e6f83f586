import type { RunHeader } from "../../run/record/record.ts";
import { type SamOptions, type SamPredictor, samVariants, type Trained } from "../../segment/index.ts";
import type { RegionSettings } from "../zero-shot/settings/baselines.ts";
import type { RefineSettings } from "../zero-shot/settings/refine.ts";

/** The variant that a setting names; none where it is to be found out. */
export function variantOf({ samVariant }: Pick<RefineSettings, "samVariant">): Pick<SamOptions, "variant"> {
  return samVariant === "auto" ? {} : { variant: samVariant };
}

/** What a record says of how a SAM model was used. */
export function samUse({ options, config }: SamPredictor): Pick<RunHeader, "samPrecision" | "samVariant"> {
  return { samPrecision: options.precision, samVariant: config.variant };
}

/** Warnings about prompts, or a use of candidate masks, for which a variant was not trained. */
export function untrainedUse(
  { config }: Pick<SamPredictor, "config">,
  {
    visualPrompt,
    augmentPoints,
    maskPrompt,
    multimask,
    baseline,
  }: Pick<RefineSettings, "visualPrompt" | "augmentPoints" | "maskPrompt" | "multimask"> & { readonly baseline?: string | undefined },
): string[] {
  return untrainedWarnings(config, {
    ...(baseline === "salip" && { points: "--baseline salip", "candidate masks": "--baseline salip" }),
    ...(augmentPoints !== "none" && { points: `--augment-points ${augmentPoints}` }),
    ...(visualPrompt !== "box" && { points: `--visual-prompt ${visualPrompt}` }),
    ...(maskPrompt && { "mask prompts": "--mask-prompt" }),
    ...(multimask !== "none" && { "candidate masks": `--multimask ${multimask}` }),
  });
}

/** Those of "segment everything", which prompts with points and takes candidate masks. */
export function untrainedEverything(
  { config }: Pick<SamPredictor, "config">,
  { pointMasks }: Pick<RegionSettings, "pointMasks">,
): string[] {
  const how = "which finding all regions takes";
  return untrainedWarnings(config, { points: how, ...(pointMasks === "candidates" && { "candidate masks": how }) });
}

/** @param used - what is used, and by what the user sees it */
function untrainedWarnings({ variant }: SamPredictor["config"], used: Partial<Record<Trained, string>>): string[] {
  const { title, trainedWith } = samVariants[variant];
  return Object.entries(used)
    .filter(([what]) => !(trainedWith as readonly string[]).includes(what))
    .map(([what, how]) => `${title} was trained with ${trainedWith.join(", ")} alone, not with ${what} (${how}): expect worse masks.`);
}
