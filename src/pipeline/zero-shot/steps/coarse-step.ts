import { coarseMask, coarseMethods } from "../../../coarse/index.ts";
import type { Box, GrayImage, Image, Mask } from "../../../image/index.ts";
import { type CommonSettings, modePresets } from "../../settings.ts";
import type { CoarseSettings } from "../settings/coarse.ts";

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
 * @param image - of the map, for a method that looks at it
 * @param window - the part of the map that the model saw; in paper mode the method sees only this part
 */
export function coarseStep(
  gray: GrayImage,
  image: Image | undefined,
  window: Box | undefined,
  settings: CoarseSettings & Pick<CommonSettings, "mode">,
): CoarseResult {
  const preset = modePresets[settings.mode];
  const { coarseMethod: method } = settings;
  const { mask, warnings, level } = coarseMask(gray, {
    ...coarseMethods[method].settings.strip().parse(settings),
    method,
    image,
    keep: settings.keep,
    ties: preset.ties,
    minAreaPx: settings.minArea,
    minMeanSaliency: settings.minSaliency,
    window: preset.placement === "window" ? window : undefined,
  });
  return { coarse: mask, warnings, ...(level !== undefined && { level }) };
}
