import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { readJson } from "../../files/read-json.ts";
import { listed } from "../../listed.ts";
import { type NamedJson, openTrainedModel, type TrainedModel } from "./trained-model.ts";

/** A trained model in a folder. */
export interface ModelFolder extends TrainedModel {
  readonly folder: string;
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
  const [plans, dataset] = await Promise.all(["plans.json", "dataset.json"].map((name) => jsonIn(folder, name)));
  const names = await foldNames(folder, folds);
  const weights = await Promise.all(
    names.map(async (name) => ({ name, file: await checkpointFile(join(folder, `fold_${name}`), checkpoint) })),
  );
  return { folder, ...(await openTrainedModel({ plans: plans!, dataset: dataset!, weights })) };
}

async function jsonIn(folder: string, name: string): Promise<NamedJson> {
  const file = join(folder, name);
  return { name: file, json: await readJson(file, InputError) };
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
