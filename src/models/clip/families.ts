import { ConfigError } from "../../errors.ts";
import type { WeightsFile } from "../../tensor/open-weights.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { NameScheme } from "../name-scheme.ts";
import { Weights } from "../weights.ts";
import { biomedClip } from "./biomedclip/family.ts";
import type { ClipConfig, ClipFamilyName } from "./config.ts";
import type { ClipFamily } from "./family.ts";
import { openAi } from "./openai/family.ts";

/** The families of text-image models by name: one row each. */
export const clipFamilies: Readonly<Record<ClipFamilyName, ClipFamily>> = { biomedclip: biomedClip, openai: openAi };

/** Sizes that can be made by name, of all families. */
export const clipPresets: Readonly<Record<string, ClipConfig>> = Object.assign(
  {},
  ...Object.values(clipFamilies).map(({ presets }) => presets),
);

/** Opens the weights of a text-image model of any family. @throws WeightsError when the file cannot be read or holds none */
export async function openClipWeights(file: WeightsFile): Promise<Weights> {
  return await Weights.open(file, ...Object.values(clipFamilies).map(({ names }) => names));
}

/** The family to which some weights belong. */
export function familyOf({ file, family }: Pick<Weights, "file" | "family">): ClipFamily {
  const found = Object.values(clipFamilies).find(({ names }) => names === family);
  if (!found) throw new ConfigError(`"${file}" is a ${family.title} model, not a CLIP model.`);
  return found;
}

/** Official names and shapes of all tensors of a model, in the order of the published file. */
export function clipTensors(config: ClipConfig): Map<string, Shape> {
  return clipFamilies[config.family].tensorsOf(config);
}

/** The same by the names of a scheme, whose tensors may be parts of official ones. */
export function clipTensorsIn(scheme: NameScheme, config: ClipConfig): Map<string, Shape> {
  const entries = [...clipTensors(config)].flatMap(([official, shape]): [string, Shape][] => {
    const names = scheme.locate(official);
    if (typeof names === "string") return [[names, shape]];
    const [rows, ...rest] = shape;
    return names.map((name) => [name, [rows! / names.length, ...rest]]);
  });
  return new Map(entries);
}
