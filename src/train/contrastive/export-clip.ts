import { copyFile, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ClipFiles } from "../../hub/locate.ts";
import { exportModel, type ModelContent } from "../export-model.ts";
import { type Lora, type LoraAdapter, mergeAdapter } from "../lora.ts";
import type { TrainingState } from "../training-state.ts";
import { logitBias } from "./trained-tensors.ts";

/** Files of the model beside its weights. */
const companions =
  /^(open_clip_config|config|preprocessor_config|tokenizer|tokenizer_config|special_tokens_map|vocab)\.json$|^(vocab|merges)\.txt$|bpe_simple_vocab.*\.txt(\.gz)?$/;

/** A trained CLIP model. */
export interface TrainedClip extends Pick<ModelContent, "weights" | "tensors" | "steps"> {
  /** The files of the original. */
  readonly files: ClipFiles;
  readonly state: TrainingState;
  /** Their factors are in the state. */
  readonly adapters: readonly LoraAdapter[];
  readonly lora: Lora;
}

/**
 * Writes a trained CLIP model, see `exportModel`: adapters merged, and the configuration and vocabulary beside it.
 *
 * @returns the weights file
 */
export async function exportClip(folder: string, { files, weights, tensors, state, adapters, lora, steps }: TrainedClip): Promise<string> {
  const changed = (official: string): Promise<Float32Array> | undefined => {
    if (state.tensors.has(official)) return Promise.resolve(state.view(state.values, official));
    const own = adapters.filter(({ weight }) => weight === official);
    return own.length > 0 ? merged(official, own) : undefined;
  };
  async function merged(official: string, own: readonly LoraAdapter[]): Promise<Float32Array> {
    const values = (await weights.read(official)).slice();
    for (const adapter of own) {
      const [a, b] = [".A", ".B"].map((factor) => state.view(state.values, adapter.site + factor)) as [Float32Array, Float32Array];
      mergeAdapter(values, adapter, a, b, lora);
    }
    return values;
  }
  const added = state.tensors.has(logitBias) ? new Map([[logitBias, state.view(state.values, logitBias)]]) : new Map();
  const isChanged = (official: string) => state.tensors.has(official) || adapters.some(({ weight }) => weight === official);
  const file = await exportModel(folder, { weights, tensors, changed, isChanged, added, steps });
  for (const path of await companionsOf(files)) await copyFile(path, join(folder, basename(path)));
  return file;
}

/** The configuration that was used, and what lies beside it and in the tokenizer's folder under a known name. */
async function companionsOf({ config, weights, tokenizer }: ClipFiles): Promise<string[]> {
  const found = new Map<string, string>();
  for (const folder of [dirname(config ?? weights), tokenizer]) {
    for (const name of await readdir(folder)) if (companions.test(name)) found.set(name, join(folder, name));
  }
  if (config !== undefined) found.set(basename(config), config);
  return [...found.values()];
}
