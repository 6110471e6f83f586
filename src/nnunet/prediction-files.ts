import { join } from "node:path";
import { InputError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import type { ClassMaps, LabelMap } from "../image/index.ts";
import { writeNifti } from "../results/nifti.ts";
import { readNpz, writeNpz } from "../results/npz.ts";
import { writeGray } from "../results/png.ts";
import type { Geometry } from "../scans/sources/image-source.ts";
import type { CaseProperties } from "./preprocess/preprocess.ts";

/** A prediction of one image. */
export interface Prediction {
  readonly labels: LabelMap;
  /** Written too where they are given. */
  readonly probabilities?: ClassMaps<"probabilities"> | undefined;
  readonly properties: CaseProperties;
  /** Of the image, where it is a slice of NIfTI: the label map lies where it does, with as many axes. */
  readonly geometry?: Geometry | undefined;
}

/** Endings of label files: that of the data set's files (`file_ending`) where it is one of NIfTI, otherwise .png. */
export const labelEndings = [".png", ".nii.gz", ".nii"] as const;
export type LabelEnding = (typeof labelEndings)[number];

/** The ending of label files for a data set. @param fileEnding - `file_ending` of its dataset.json */
export function labelEndingOf(fileEnding: string): LabelEnding {
  const ending = fileEnding.toLowerCase();
  return ending === ".nii" || ending === ".nii.gz" ? ending : ".png";
}

/** Key of the probabilities in .npz files, as in nnU-Net's. */
const key = "probabilities";

/**
 * Writes a prediction as nnU-Net does: NAME.png (or NAME.nii.gz) with the label values, and with probabilities NAME.npz (key "probabilities", float32 [K, 1, H, W]) and
 * NAME.json, which tells what they are; nnU-Net pickles that instead.
 *
 * @param folder - made where it does not exist
 * @throws InputError when a label does not fit 8 bits
 * @throws OutputError when the files cannot be written
 */
export async function writePrediction(folder: string, name: string, prediction: Prediction, ending: LabelEnding = ".png"): Promise<void> {
  const { labels, probabilities, properties, geometry } = prediction;
  if (probabilities !== undefined) {
    const { count, width, height, areExclusive, kind } = probabilities;
    await writeNpz(join(folder, `${name}.npz`), npzOf(probabilities));
    const { box, spacing, sizeBeforeCrop } = properties;
    const metadata = { kind, areExclusive, shape: [count, 1, height, width], spacing, sizeBeforeCrop, box };
    await writeAtomic(join(folder, `${name}.json`), `${JSON.stringify(metadata, null, 1)}\n`);
  }
  // Last, as it is the file by which a rerun knows that a prediction is complete.
  const file = join(folder, `${name}${ending}`);
  if (ending === ".png") await writeGray(file, grayOf(labels, name));
  else await writeNifti(file, { shape: shapeOf(labels, geometry), data: levelsOf(labels), placement: geometry?.placement, isLabels: true });
}

/** Probabilities as an array of a .npz file. */
export const npzOf = ({ count, width, height, data }: ClassMaps<"probabilities">) => ({
  [key]: { dtype: "float32" as const, shape: [count, 1, height, width], data: data as Float32Array<ArrayBuffer> },
});

const shapeOf = ({ width, height }: LabelMap, geometry: Geometry | undefined) =>
  (geometry?.axes ?? 2) > 2 ? ([width, height, 1] as const) : ([width, height] as const);

/** In 8 bits where the labels fit, as nnU-Net writes them. */
const levelsOf = ({ data }: LabelMap) => (data.every((label) => label >= 0 && label <= 255) ? Uint8Array.from(data) : data);

function grayOf({ width, height, data }: LabelMap, name: string) {
  for (let i = 0; i < data.length; i++) {
    if (data[i]! < 0 || data[i]! > 255)
      throw new InputError(`"${name}": label ${data[i]} does not fit a PNG file of 8 bits; use 0 to 255.`);
  }
  return { width, height, data: Uint8Array.from(data) };
}

/**
 * Reads the probabilities that `writePrediction`, or nnU-Net with `--save_probabilities`, wrote for an image.
 *
 * @param areExclusive - whether they are classes, or regions that may overlap; nnU-Net's files do not tell
 * @throws InputError when the file is missing or damaged, or holds something else
 */
export async function readProbabilities(file: string, areExclusive: boolean): Promise<ClassMaps<"probabilities">> {
  const array = (await readNpz(file)).get(key);
  const [count, depth, height, width] = array?.shape ?? [];
  if (array?.dtype !== "float32" || width === undefined || depth !== 1) {
    throw new InputError(
      `"${file}" should hold "${key}" as float32 [K, 1, H, W], got ${array ? `${array.dtype} [${array.shape}]` : "no such array"}. Was it written for 2D images?`,
    );
  }
  return { kind: "probabilities", areExclusive, count: count!, height: height!, width, data: array.data as Float32Array };
}
