import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { type ClipConfig, clipFamilies, clipPresets, clipTensorsIn, withVocabulary } from "../models/clip/index.ts";
import { samPresets, samTensors } from "../models/sam/index.ts";
import { areRandom } from "./origin.ts";
import { type Purpose, writeRandomWeights } from "./random-weights.ts";
import { readSizes } from "./sizes.ts";
import { vocabularyFor } from "./vocabulary-file.ts";

/** Names that `initModel` knows. */
export const initNames: readonly string[] = [...Object.keys(clipPresets), ...Object.keys(samPresets)];

/** How a model with random weights is made. */
export interface InitOptions {
  readonly seed: number;
  /** The file of a vocabulary to put beside a CLIP model, which then has as many words, see `vocabularyFor`. */
  readonly vocabulary?: string | undefined;
  /** Default: to be compared and measured. */
  readonly purpose?: Purpose | undefined;
}

/**
 * Writes a model with seeded random weights in the layout and names of the published ones, so that everything that reads
 * real weights can be run, measured and tested without them, or to train it.
 *
 * @param model - a name, or a JSON file with sizes, see `readSizes`
 * @throws ConfigError when the name is unknown, the sizes or the vocabulary do not fit, or the folder holds another model
 */
export async function initModel(model: string, folder: string, options: InitOptions): Promise<string[]> {
  const sizes = model.endsWith(".json") ? await readSizes(model) : { clip: clipPresets[model], sam: samPresets[model] };
  if (!sizes.clip && !sizes.sam)
    throw new ConfigError(`models init: unknown model "${model}"; known are ${initNames.join(", ")}, and a .json file with sizes`);
  if (sizes.clip) return await initClip(basename(model, ".json"), sizes.clip, folder, options);
  const file = join(folder, "model.safetensors");
  await refuseOthers(file, []);
  const { variant } = sizes.sam!;
  // MedSAM has SAM's tensors: a file of SAM's may stand for one of MedSAM's, as its name then says.
  const about: Record<string, string> = variant === "sam" ? {} : { variant };
  await writeRandomWeights(file, "sam", samTensors(sizes.sam!), options.seed, options.purpose, about);
  return [file];
}

/** Writes a CLIP model of any sizes; see `initModel`. */
export async function initClip(name: string, preset: ClipConfig, folder: string, options: InitOptions): Promise<string[]> {
  const { files, tokenizer } = clipFamilies[preset.family];
  const [weights, configFile] = [join(folder, files.weights), join(folder, files.config)];
  const words = options.vocabulary === undefined ? undefined : await vocabularyFor(tokenizer, options.vocabulary);
  await refuseOthers(weights, [configFile, ...(words ? [join(folder, words.name)] : [])]);
  const config = words ? withVocabulary(preset, words.size) : preset;
  await writeRandomWeights(weights, files.recipe, clipTensorsIn(files.scheme, config), options.seed, options.purpose);
  await writeAtomic(configFile, `${JSON.stringify(files.configOf(name, config), null, 2)}\n`);
  if (!words) return [weights, configFile];
  // Not copied as a file: a copy would keep the permissions, and a read-only one could not be replaced.
  await writeAtomic(join(folder, words.name), words.content);
  return [weights, configFile, join(folder, words.name)];
}

/**
 * Refuses to replace a model that was not made here: published weights are slow to get again, trained ones are lost.
 *
 * @param beside - the other files that would be written
 * @throws ConfigError that names the first file that is there
 */
async function refuseOthers(weights: string, beside: readonly string[]): Promise<void> {
  if (await areRandom(weights)) return;
  const [first] = [weights, ...beside].filter(existsSync);
  if (first !== undefined)
    throw new ConfigError(
      `models init: "${first}" already exists and was not made by "models init". Choose another --out, or move it away.`,
    );
}
