import type { RunHeader } from "../../run/record/record.ts";
import { type SamOptions, type SamPredictor, samVariants } from "../../segment/index.ts";
import type { RefineSettings } from "../zero-shot/settings.ts";

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
  { visualPrompt, maskPrompt, multimask }: Pick<RefineSettings, "visualPrompt" | "maskPrompt" | "multimask">,
): string[] {
  const { title, trainedWith } = samVariants[config.variant];
  const used = [
    ["points", visualPrompt !== "box", `--visual-prompt ${visualPrompt}`],
    ["mask prompts", maskPrompt, "--mask-prompt"],
    ["candidate masks", multimask !== "none", `--multimask ${multimask}`],
  ] as const;
  return used
    .filter(([what, isUsed]) => isUsed && !trainedWith.includes(what))
    .map(([what, , flag]) => `${title} was trained with ${trainedWith.join(", ")} alone, not with ${what} (${flag}): expect worse masks.`);
}
