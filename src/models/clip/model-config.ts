import { checkClaims } from "../../check/config-entries.ts";
import { ConfigError } from "../../errors.ts";
import { gridOf } from "../vit.ts";
import type { Weights } from "../weights.ts";
import { claimsAboutTensors } from "./_tensor-sizes.ts";
import { type ClipConfig, positionGridOf } from "./config.ts";
import type { ConfigHints } from "./config-hints.ts";
import { clipFamilies, familyOf } from "./families.ts";

/** What to do about the configuration of another model. */
const remedy = "Give the model's own (--clip-config FILE).";

/**
 * The configuration of a model: sizes from the shapes of its tensors, the rest from the hints.
 *
 * @throws ConfigError when the hints are those of another model, or make no sense
 */
export function clipConfigOf(weights: Weights, hints: ConfigHints): ClipConfig {
  const family = familyOf(weights);
  if (hints.family && clipFamilies[hints.family] !== family) {
    const described = clipFamilies[hints.family].names.title;
    throw new ConfigError(
      `the configuration is not that of "${weights.file}": it describes a ${described} model, but the tensors are those of ${family.names.title}. ${remedy}`,
    );
  }
  const config = family.configOf(weights, hints);
  checkNormalisation(config, weights.file);
  checkClaims(claimsAboutTensors(hints.claims), config, weights.file, remedy);
  return config;
}

/** Things about a model that its results should tell: what was assumed, and positions that are interpolated. */
export function clipNotes({ family, vision }: ClipConfig, hints: ConfigHints): string[] {
  const grid = positionGridOf(vision);
  const interpolated = `the positions of the image tower were stored for ${grid * vision.patch} x ${grid * vision.patch} pixels and are interpolated to ${vision.imageSize} x ${vision.imageSize}, the size that the model's files name.`;
  return [...(clipFamilies[family].assumptions?.(hints) ?? []), ...(grid === gridOf(vision) ? [] : [interpolated])];
}

/** @throws ConfigError when the mean or the deviation cannot be that of pixels in [0, 1] */
function checkNormalisation({ mean, std }: ClipConfig, file: string): void {
  const check = (values: readonly number[], what: string, isPossible: (value: number) => boolean, range: string) => {
    if (values.length === 3 && values.every(isPossible)) return;
    throw new ConfigError(
      `"${file}": its configuration gives [${values.join(", ")}] as the ${what} of the pixels, expected three values ${range}, as pixels are in [0, 1]. Divide values for pixels in [0, 255] by 255.`,
    );
  };
  check(mean, "mean", (value) => value >= 0 && value <= 1, "from 0 to 1");
  check(std, "standard deviation", (value) => value >= leastStd && value <= 1, `from ${leastStd} to 1`);
}

/** Less than a quarter of a gray level: no images have so little contrast. */
const leastStd = 0.001;
