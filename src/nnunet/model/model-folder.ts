import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { listed } from "../../listed.ts";
import { type UNetConfig, unetFamily, unetShapes } from "../../models/unet/index.ts";
import { Weights } from "../../models/weights.ts";
import { channelNamesOf, type DatasetJson, readDatasetJson } from "../dataset/dataset-json.ts";
import type { LabelRules } from "../labels.ts";
import { readPlans } from "../plan/read-plans.ts";
import type { Plans } from "../plan/types.ts";
import { type CheckpointInfo, readCheckpointInfo } from "./checkpoint-info.ts";

/** A trained model: what it was planned with, what its labels mean, and the weights of its folds. */
export interface ModelFolder {
  readonly folder: string;
  readonly dataset: DatasetJson;
  readonly labels: LabelRules;
  readonly plans: Plans;
  /** The planned network with its numbers of channels. */
  readonly network: UNetConfig;
  /** At least one. */
  readonly folds: readonly ModelFold[];
}

/** The weights of one fold. */
export interface ModelFold extends CheckpointInfo {
  /** "0" to "4", or "all". */
  readonly name: string;
  readonly weights: Weights;
}

export interface ModelFolderOptions {
  /** Names of the folds to open. Default: all numbered ones, or "all" if there are none. */
  readonly folds?: readonly string[] | undefined;
  /** Name of the checkpoint in each fold, without ending. Default "checkpoint_final". */
  readonly checkpoint?: string | undefined;
}

/** Files of a fold, the first that is there. */
const endings = [".safetensors", ".pth"] as const;

/**
 * Opens a folder with plans.json, dataset.json and fold_X/checkpoint_final.pth as nnU-Net v2 writes it, or with checkpoint_final.safetensors as
 * `writeModelFolder` does. Weights are mapped, not read. Nothing in a .pth file is run.
 *
 * @throws InputError when a file or fold is missing, or the files contradict one another
 * @throws WeightsError when a checkpoint cannot be read or does not fit the plans
 */
export async function openModelFolder(
  folder: string,
  { folds, checkpoint = "checkpoint_final" }: ModelFolderOptions = {},
): Promise<ModelFolder> {
  if (!existsSync(join(folder, "plans.json"))) {
    throw new InputError(
      `"${folder}" is no model folder: it has no plans.json. Name the folder TRAINER__PLANS__2d, which holds plans.json, dataset.json and fold_0.`,
    );
  }
  const { json: dataset, labels } = await readDatasetJson(folder);
  const names = await foldNames(folder, folds);
  const files = await Promise.all(names.map((name) => checkpointFile(join(folder, `fold_${name}`), checkpoint)));
  const infos = await Promise.all(files.map(readCheckpointInfo));
  const [{ configuration }] = infos as [CheckpointInfo];
  const odd = infos.findIndex((info) => info.configuration !== configuration);
  if (odd >= 0) {
    throw new InputError(
      `"${files[odd]}" was trained with the configuration "${infos[odd]!.configuration}", but "${files[0]}" with "${configuration}". Open them one by one.`,
    );
  }
  const plans = await readPlans(join(folder, "plans.json"), { configuration });
  const channels = channelNamesOf(dataset).length;
  const planned = plans.plan2d.normalisation.length;
  if (channels !== planned)
    throw new InputError(`"${folder}": dataset.json names ${channels} channels, but plans.json has ${planned}. Are both of one model?`);
  const network: UNetConfig = { ...plans.plan2d.network, inputChannels: channels, outputs: labels.outputs };
  const shapes = unetShapes(network);
  const opened = await Promise.all(
    names.map(async (name, i): Promise<ModelFold> => {
      const weights = await Weights.open(files[i]!, unetFamily);
      weights.check(shapes);
      return { name, weights, ...infos[i]! };
    }),
  );
  return { folder, dataset, labels, plans, network, folds: opened };
}

async function foldNames(folder: string, wanted: readonly string[] | undefined): Promise<readonly string[]> {
  const present = (await readdir(folder)).flatMap((name) => /^fold_(\d+|all)$/.exec(name)?.[1] ?? []).sort();
  const missing = wanted?.find((name) => !present.includes(name));
  const numbered = present.filter((name) => name !== "all");
  const names = wanted ?? (numbered.length > 0 ? numbered : present);
  if (missing === undefined && names.length > 0) return names;
  const found = present.length === 0 ? "It has none." : `It has ${listed(present, 8, (name) => `"${name}"`)}.`;
  throw new InputError(`"${folder}" has no ${missing === undefined ? "folder fold_0 or fold_all" : `fold "${missing}"`}. ${found}`);
}

async function checkpointFile(fold: string, checkpoint: string): Promise<string> {
  const file = endings.map((ending) => join(fold, `${checkpoint}${ending}`)).find(existsSync);
  if (file !== undefined) return file;
  const names = (await readdir(fold)).flatMap((name) => /^(.+)\.(?:pth|safetensors)$/.exec(name)?.[1] ?? []);
  const others =
    names.length === 0 ? "It holds no checkpoint." : `Choose one of its checkpoints: ${listed(names, 8, (name) => `"${name}"`)}.`;
  throw new InputError(`"${fold}" has no ${checkpoint}.pth or ${checkpoint}.safetensors. ${others}`);
}
