import { coarseMask } from "../../coarse/index.ts";
import type { Box, GrayImage, Mask } from "../../image/index.ts";
import { type CommonSettings, modePresets } from "../settings.ts";
import type { CoarseSettings } from "./settings.ts";

/** Result of the second step for one saliency map. */
export interface CoarseResult {
  readonly coarse: Mask;
  /** Lowest gray level that counts as foreground, if the method has one. */
  readonly level?: number;
  readonly warnings: readonly string[];
}

/**
 * Second step: saliency map to coarse mask.
 *
 * @param window - the part of the map that the model saw; in paper mode the method sees only this part
 */
export function coarseStep(
  gray: GrayImage,
  window: Box | undefined,
  settings: CoarseSettings & Pick<CommonSettings, "mode">,
): CoarseResult {
  const preset = modePresets[settings.mode];
  const { mask, warnings, level } = coarseMask(gray, {
    method: settings.coarseMethod,
    threshold: settings.threshold,
    keep: settings.keep,
    ties: preset.ties,
    minAreaPx: settings.minArea,
    minMeanSaliency: settings.minSaliency,
    window: preset.placement === "window" ? window : undefined,
  });
  return { coarse: mask, warnings, ...(level !== undefined && { level }) };
}
