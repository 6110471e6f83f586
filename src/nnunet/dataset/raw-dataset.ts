import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { InputError } from "../../errors.ts";
import { listed } from "../../listed.ts";
import type { LabelRules } from "../labels.ts";
import { type CaseFiles, listCases, namesIn } from "./case-files.ts";
import { channelNamesOf, type DatasetJson } from "./dataset-json.ts";
import { imageReaderOf } from "./file-endings.ts";
import { readDatasetJson } from "./read-dataset-json.ts";

/** The files of a training case. */
export interface TrainingFiles extends CaseFiles {
  readonly label: string;
}

/** A raw data set: a folder with dataset.json, imagesTr and labelsTr. Its images are not read yet. */
export interface RawDataset {
  readonly folder: string;
  /** Name of the folder, such as "Dataset501_XrayLungs". */
  readonly name: string;
  readonly json: DatasetJson;
  readonly labels: LabelRules;
  /** By name. */
  readonly cases: readonly TrainingFiles[];
}

/**
 * Opens a raw data set of nnU-Net v2 and checks that all its files are there.
 *
 * Labels of JPEG images may be PNG files, as JPEG would change their values.
 *
 * @throws InputError that names the file or folder and says what to do: dataset.json is wrong or missing, an image has no label, a label no image,
 *   a channel's file is missing, or numTraining is another number than that of the cases
 * @see nnU-Net v2, documentation/dataset_format.md
 */
export async function openDataset(folder: string): Promise<RawDataset> {
  const { json, labels } = await readDatasetJson(folder);
  const file = join(folder, "dataset.json");
  imageReaderOf(json.file_ending);
  const cases = json.dataset ? listedCases(folder, json.dataset) : await foundCases(folder, json.file_ending);
  checkFileCounts(cases, json, file);
  if (cases.length !== json.numTraining) {
    throw new InputError(
      `"${file}": numTraining is ${json.numTraining}, but there are ${cases.length} training cases (${listed(cases, 3, ({ name }) => name)}). Correct the number, or add or remove cases.`,
    );
  }
  return { folder, name: basename(resolve(folder)), json, labels, cases };
}

/** Cases as dataset.json names their files. */
function listedCases(folder: string, dataset: NonNullable<DatasetJson["dataset"]>): readonly TrainingFiles[] {
  return Object.keys(dataset)
    .sort()
    .map((name) => {
      const { images, label } = dataset[name]!;
      const files = { name, images: images.map((image) => resolve(folder, image)), label: resolve(folder, label) };
      const missing = [...files.images, files.label].find((path) => !existsSync(path));
      if (missing !== undefined)
        throw new InputError(`"${missing}" does not exist, but "${join(folder, "dataset.json")}" names it for "${name}".`);
      return files;
    });
}

/** Cases by the files of imagesTr and labelsTr. */
async function foundCases(folder: string, ending: string): Promise<readonly TrainingFiles[]> {
  const [images, labels] = [join(folder, "imagesTr"), join(folder, "labelsTr")];
  const cases = await listCases(images, { endings: [ending], allowsBare: false });
  const labelNames = await namesIn(labels);
  const endings = /^\.jpe?g$/i.test(ending) ? [ending, ".png"] : [ending];
  const labelOf = new Map<string, string>();
  for (const each of endings) {
    for (const file of labelNames) {
      if (!file.toLowerCase().endsWith(each.toLowerCase())) continue;
      const name = file.slice(0, file.length - each.length);
      if (!labelOf.has(name)) labelOf.set(name, file);
    }
  }
  const unlabelled = cases.filter(({ name }) => !labelOf.has(name));
  if (unlabelled.length > 0) {
    const files = listed(unlabelled, 3, ({ name }) => `"${name}${ending}"`);
    throw new InputError(
      `"${labels}" has no label file for ${unlabelled.length} of ${cases.length} images: ${files}. Add the label files, or remove the images.`,
    );
  }
  const known = new Set(cases.map(({ name }) => name));
  const imageless = [...labelOf].filter(([name]) => !known.has(name));
  if (imageless.length > 0) {
    const files = listed(imageless, 3, ([name, file]) => `"${join(labels, file)}" (expected "${name}_0000${ending}")`);
    throw new InputError(
      `"${images}" has no image for ${imageless.length} label files: ${files}. Add the images, or remove the label files.`,
    );
  }
  return cases.map((files) => ({ ...files, label: join(labels, labelOf.get(files.name)!) }));
}

/** Each channel has a file, or all cases have equally many with several channels in one. */
function checkFileCounts(cases: readonly TrainingFiles[], json: DatasetJson, file: string): void {
  const channels = channelNamesOf(json).length;
  const most = Math.max(...cases.map(({ images }) => images.length));
  for (const { name, images } of cases) {
    if (images.length > channels) {
      throw new InputError(
        `"${images[channels]}" is file ${images.length} of "${name}", but "${file}" names ${channels} channels. Add the channel's name, or remove the file.`,
      );
    }
    if (images.length < most) {
      const missing = images[0]!.replace(/_0000(?=\.[^/\\]*$)/, `_${String(images.length).padStart(4, "0")}`);
      throw new InputError(
        `"${missing}" is missing: other cases have ${most} files, "${name}" has ${images.length}. Add it, or remove the case.`,
      );
    }
  }
}
