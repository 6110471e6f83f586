import { copyFile, mkdir, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ClipFiles } from "../hub/locate.ts";
import type { Weights } from "../models/weights.ts";
import type { SafetensorsEntry } from "../tensor/safetensors.ts";
import { writeSafetensorsStream } from "../tensor/safetensors.ts";
import { fromFloat32, readTensor } from "../tensor/stored-tensor.ts";
import type { Shape } from "../tensor/tensor.ts";
import { type Lora, type LoraAdapter, mergeAdapter } from "./lora.ts";
import { logitBias } from "./trained-tensors.ts";
import type { TrainingState } from "./training-state.ts";

/** Name of the weights file by the naming scheme; tools look for these. */
const fileNames: Readonly<Record<string, string>> = { open_clip: "open_clip_model.safetensors" };
const defaultFileName = "model.safetensors";

/** Files beside the weights that belong to the model. */
const companions = /^(open_clip_config|config|preprocessor_config|tokenizer|tokenizer_config|special_tokens_map)\.json$|^vocab\.txt$/;

/** The part of an official tensor that a tensor of the file holds: its rows from `part` · rows on. */
interface Place {
  readonly official: string;
  readonly part: number;
}

/**
 * Writes a trained model as other tools know it: the names and types of the file that it came from, trained tensors in place of
 * the old ones, adapters merged, and the configuration and vocabulary beside it. What was not trained stays the same bytes.
 *
 * @param tensors - the model's official names and shapes
 * @returns the weights file
 */
export async function exportModel(
  folder: string,
  files: ClipFiles,
  weights: Weights,
  tensors: ReadonlyMap<string, Shape>,
  state: TrainingState,
  adapters: readonly LoraAdapter[],
  lora: Lora,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const places = new Map<string, Place>();
  for (const official of tensors.keys())
    for (const [part, name] of weights.namesOf(official).entries()) places.set(name, { official, part });
  const trained = (official: string) => state.tensors.has(official) || adapters.some(({ weight }) => weight === official);
  const entries: SafetensorsEntry[] = [...weights.contents].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  if (state.tensors.has(logitBias) && !weights.contents.has(logitBias)) entries.push({ name: logitBias, dtype: "float32", shape: [] });

  const file = join(folder, fileNames[weights.scheme.name] ?? defaultFileName);
  await writeSafetensorsStream(file, entries, async ({ name, dtype, shape }) => {
    if (name === logitBias && state.tensors.has(logitBias)) return state.view(state.values, logitBias);
    const place = places.get(name);
    if (!place || !trained(place.official)) return (await readTensor(weights.contents.get(name)!)).data;
    const whole = await valuesOf(place.official, weights, state, adapters, lora);
    const size = shape.reduce((product, length) => product * length, 1);
    return fromFloat32(dtype, whole.subarray(place.part * size, (place.part + 1) * size));
  });
  for (const path of await companionsOf(files)) await copyFile(path, join(folder, basename(path)));
  return file;
}

async function valuesOf(
  official: string,
  weights: Weights,
  state: TrainingState,
  adapters: readonly LoraAdapter[],
  lora: Lora,
): Promise<Float32Array> {
  if (state.tensors.has(official)) return state.view(state.values, official);
  const values = (await weights.read(official)).slice();
  for (const adapter of adapters) {
    if (adapter.weight !== official) continue;
    const [a, b] = [".A", ".B"].map((factor) => state.view(state.values, adapter.site + factor)) as [Float32Array, Float32Array];
    mergeAdapter(values, adapter, a, b, lora);
  }
  return values;
}

/** The configuration that was used, and what lies beside it and in the tokenizer's folder under a known name. */
async function companionsOf({ config, tokenizer }: ClipFiles): Promise<string[]> {
  const found = new Map<string, string>();
  for (const folder of [dirname(config), tokenizer]) {
    for (const name of await readdir(folder)) if (companions.test(name)) found.set(name, join(folder, name));
  }
  found.set(basename(config), config);
  return [...found.values()];
}
