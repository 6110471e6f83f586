import { WeightsError } from "../errors.ts";
import { shardsOf, type WeightsFile } from "../tensor/open-weights.ts";
import type { ModelKind } from "./registry.ts";

/** The names under which the weights of each kind are published; the first that is there is used. */
export const weightsNames: Readonly<Record<ModelKind, readonly string[]>> = {
  clip: ["open_clip_model.safetensors", "model.safetensors", "open_clip_pytorch_model.bin", "pytorch_model.bin"],
  sam: ["model.safetensors", "pytorch_model.bin"],
};

/** The configurations of a CLIP model; the first that is there is used. */
export const clipConfigs = ["open_clip_config.json", "config.json"] as const;

/** Files that are read when there; a CLIP model needs one vocabulary. */
const optional: Readonly<Record<ModelKind, readonly string[]>> = {
  clip: [
    ...["preprocessor_config.json", "tokenizer_config.json", "special_tokens_map.json"],
    ...["tokenizer.json", "vocab.txt", "vocab.json", "merges.txt"],
  ],
  sam: ["config.json", "preprocessor_config.json"],
};

/** What comes with a model for people: its card and licence. They may change without the model changing. */
export const documents: readonly string[] = ["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"];

/**
 * The files of a repository that a model needs.
 *
 * @param has - whether the repository has a file
 * @param indexOf - the index of a model in shards
 * @throws WeightsError when a file is missing without which the model cannot be used
 */
export async function filesOfModel(
  kind: ModelKind,
  where: string,
  has: (file: string) => Promise<boolean>,
  indexOf: (file: string) => Promise<WeightsFile>,
): Promise<string[]> {
  const files: string[] = [];
  if (kind === "clip") files.push(await firstOf(clipConfigs, "the configuration of a CLIP model", where, has));
  const names = weightsNames[kind].flatMap((name) => [name, `${name}.index.json`]);
  const weights = await firstOf(names, `the weights of a ${kind === "clip" ? "CLIP" : "SAM"} model`, where, has);
  files.push(weights);
  if (weights.endsWith(".index.json")) files.push(...(await shardsOf(await indexOf(weights))));
  for (const name of [...optional[kind], ...documents]) if (await has(name)) files.push(name);
  return files;
}

async function firstOf(names: readonly string[], what: string, where: string, has: (file: string) => Promise<boolean>): Promise<string> {
  for (const name of names) if (await has(name)) return name;
  const shown = names.filter((name) => !name.endsWith(".index.json"));
  throw new WeightsError(
    `${where} does not hold ${what}: expected ${shown.join(" or ")}. Check the name, the revision and the kind of model.`,
  );
}
