import { join } from "node:path";
import { makeFolder, writeAtomic } from "../../files/atomic-write.ts";
import { writeSafetensorsStream } from "../../tensor/safetensors.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { DatasetJson } from "../dataset/dataset-json.ts";
import { plansJson } from "../plan/plans-json.ts";
import type { Plans } from "../plan/types.ts";
import { type CheckpointInfo, infoKey } from "./checkpoint-info.ts";

/** Weights to write, by official name. */
export interface FoldContent {
  /** Names and shapes in the order of the file, see `unetShapes`. */
  readonly tensors: ReadonlyMap<string, Shape>;
  readonly valuesOf: (name: string) => Float32Array;
  /** Default: configuration 2d, mirrored along both axes. */
  readonly info?: CheckpointInfo | undefined;
  /** What else the file shall say of itself. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Writes plans.json and dataset.json into a folder, made where it does not exist. @throws OutputError when they cannot be written */
export async function writeModelFolder(
  folder: string,
  { plans, dataset }: { readonly plans: Plans; readonly dataset: DatasetJson },
): Promise<void> {
  await makeFolder(folder);
  await writeAtomic(join(folder, "plans.json"), `${JSON.stringify(plansJson(plans), null, 4)}\n`);
  await writeAtomic(join(folder, "dataset.json"), `${JSON.stringify(dataset, null, 4)}\n`);
}

/**
 * Writes the weights of a fold as fold_NAME/CHECKPOINT.safetensors.
 *
 * @param fold - "0" to "4", or "all"
 * @returns the file
 * @throws OutputError when it cannot be written
 */
export async function writeFold(
  folder: string,
  fold: string,
  { tensors, valuesOf, info = { configuration: "2d", mirrorAxes: [0, 1] }, metadata = {} }: FoldContent,
  checkpoint = "checkpoint_final",
): Promise<string> {
  const file = join(folder, `fold_${fold}`, `${checkpoint}.safetensors`);
  await makeFolder(join(folder, `fold_${fold}`));
  const entries = [...tensors].map(([name, shape]) => ({ name, shape, dtype: "float32" as const }));
  await writeSafetensorsStream(file, entries, ({ name }) => valuesOf(name), { ...metadata, [infoKey]: JSON.stringify(info) });
  return file;
}
