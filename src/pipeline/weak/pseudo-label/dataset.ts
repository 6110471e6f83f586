import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, throwIfCancelled } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { clusterGroups, masksBehindDefaults } from "../../../gate/index.ts";
import type { Image } from "../../../image/index.ts";
import { channelNamesOf, type DatasetJson, datasetName, readDatasetJson } from "../../../nnunet/index.ts";
import { writeGray, writeRgb } from "../../../results/png.ts";
import { decodeImage } from "../../../scans/decode-image.ts";
import { readLabels } from "../../../scans/read-labels.ts";
import { csvText } from "../../text-table.ts";
import { foldCount, splitFolds } from "../train/splits.ts";
import { type FactsFile, made } from "./facts-file.ts";
import type { Judged } from "./judge.ts";
import type { WeakPseudoLabelSettings } from "./settings.ts";

/** Where the data set, the weights and the folds are. */
export function datasetFiles({ out, name }: Pick<WeakPseudoLabelSettings, "out" | "name">) {
  return { dataset: join(out, datasetName(1, name)), weights: join(out, "weights.csv"), splits: join(out, "splits_final.json") };
}

/**
 * Writes the data set of the pseudo-labels that are trained on. Images are stored as the models see them, with 8 bits: in gray if all of them are, else in colour.
 *
 * @param settings - with all text prompts that occur
 * @throws ConfigError when `group` does not fit a name
 */
export async function writeDataset(
  labels: readonly FactsFile[],
  { weights, clusters }: Judged,
  settings: WeakPseudoLabelSettings & { readonly sentences: readonly string[] },
  signal?: AbortSignal,
) {
  const { name: target, out, sentences, ignoreDisagreement, mode } = settings;
  const files = datasetFiles(settings);
  const used = labels.filter(({ facts: { name } }) => weights.has(name));
  const areGray = used.every(({ isGray }) => isGray);
  const [images, masks] = [join(files.dataset, "imagesTr"), join(files.dataset, "labelsTr")];
  for (const { file, facts } of used) {
    throwIfCancelled(signal);
    const { image } = await decodeImage(file, { mode });
    await writeCaseImage(join(images, `${facts.name}_0000.png`), image, areGray);
    const { labels: map } = await made(() => readLabels(join(out, "labels", `${facts.name}.png`)));
    await writeGray(join(masks, `${facts.name}.png`), { width: map.width, height: map.height, data: Uint8Array.from(map.data) });
  }
  const names = used.map(({ facts }) => facts.name);
  await removeOthers(images, new Set(names.map((name) => `${name}_0000.png`)));
  await removeOthers(masks, new Set(names.map((name) => `${name}.png`)));
  const json: DatasetJson = {
    channel_names: areGray ? { "0": "gray" } : { "0": "R", "1": "G", "2": "B" },
    labels: { background: 0, [target]: 1, ...(ignoreDisagreement && { ignore: 2 }) },
    numTraining: names.length,
    file_ending: ".png",
    pseudo_labels: { prompts: sentences, true_masks_used: masksBehindDefaults },
  };
  await writeAtomic(join(files.dataset, "dataset.json"), `${JSON.stringify(json, null, 2)}\n`);
  await writeAtomic(files.weights, csvText([["name", "weight"], ...names.map((name) => [name, weights.get(name)!.toFixed(6)])]));
  const folds = foldsOf(names, clusters, settings);
  if (folds) await writeAtomic(files.splits, `${JSON.stringify(folds, null, 1)}\n`);
  else await rm(files.splits, { force: true });
  return { lines: [`data set of ${names.length} images: ${files.dataset}`], areGray };
}

/** Whether the images of a data set have one channel. */
export async function isGraySet(dataset: string): Promise<boolean> {
  return channelNamesOf((await readDatasetJson(dataset)).json).length === 1;
}

/** Stores an image as nnU-Net reads it. */
export async function writeCaseImage(file: string, image: Image, isGray: boolean): Promise<void> {
  if (!isGray) return await writeRgb(file, image);
  const { width, height, data } = image;
  await writeGray(file, { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]!) });
}

/** Folds that part neither near-duplicates nor what `group` joins; undefined if there are too few groups. */
function foldsOf(names: readonly string[], clusters: Judged["clusters"], { seed, group }: WeakPseudoLabelSettings) {
  const pattern = patternOf(group);
  const grouped = clusterGroups(
    names.map((key) => ({ key, ...(pattern && { group: pattern.exec(key)?.[0] ?? key }) })),
    clusters,
  );
  const groups = new Map(grouped.map(({ key, group = key }) => [key, group]));
  if (new Set(groups.values()).size < foldCount) return undefined;
  return splitFolds(names, seed, (name) => groups.get(name)!);
}

/** @throws ConfigError when it is not a regular expression */
export function patternOf(group: string | undefined): RegExp | undefined {
  if (group === undefined) return undefined;
  try {
    return new RegExp(group, "u");
  } catch (cause) {
    throw new ConfigError(`--group "${group}" is not a regular expression: ${(cause as Error).message}`, { cause });
  }
}

/** Removes what an earlier run has written and this one does not keep. */
async function removeOthers(folder: string, wanted: ReadonlySet<string>): Promise<void> {
  for (const file of await readdir(folder)) if (!wanted.has(file)) await rm(join(folder, file));
}
