import { createHash } from "node:crypto";
import type { TrainingCase } from "../../src/nnunet/dataset/read-case.ts";
import { readChannels } from "../../src/scans/read-channels.ts";
import { readContent } from "../../src/scans/read-content.ts";
import { readNifti } from "../../src/scans/sources/nifti/read-nifti.ts";
import { sharedJson, sharedNames, sharedPath } from "./shared-data.ts";

/** The shared data sets that nnU-Net has planned, by name. */
export const nnunetDatasets: readonly string[] = sharedNames("parity/nnunet/datasets", /^Dataset/);

/** How a case is rebuilt from images of the shared folder. */
export interface CaseSource {
  readonly case: string;
  readonly image: string;
  /** Masks and their label values; later ones overwrite. */
  readonly labels?: readonly (readonly [mask: string, label: number])[];
  /** Of a slice of a NIfTI volume. */
  readonly axis?: "i" | "j" | "k";
  readonly index?: number;
  readonly volume?: number;
  readonly threshold?: number;
  readonly spacing?: readonly [number, number];
  readonly image_sha256?: string;
  readonly label_sha256?: string;
}

interface SourcesFile {
  readonly cases: readonly CaseSource[];
  readonly conversion: string;
}

const sourcesOf = (dataset: string): SourcesFile => sharedJson("parity/nnunet/datasets", dataset, "sources.json");

/** Rebuilds the cases of a shared data set from its sources.json, one by one, as `rebuiltCase`. */
export function rebuiltCases(dataset: string): (() => Promise<TrainingCase>)[] {
  return sourcesOf(dataset).cases.map((source) => () => rebuiltCase(dataset, source));
}

/**
 * Rebuilds a case of a shared data set, by its name or from a source. Images that are decoded otherwise than by its maker are an error; of a source
 * without hashes nothing is checked.
 */
export async function rebuiltCase(dataset: string, from: string | CaseSource): Promise<TrainingCase> {
  const { cases, conversion } = sourcesOf(dataset);
  const source = typeof from === "string" ? cases.find((one) => one.case === from)! : from;
  const copies = conversion.includes("gray copied to R, G and B") ? 3 : 1;
  const rebuilt = source.axis === undefined ? await fromPictures(source, copies) : await fromVolume(source);
  const { data, labels, channels } = rebuilt;
  const pixels = labels.data.length;
  const interleaved = data.map((_, i) => data[(i % channels) * pixels + Math.floor(i / channels)]!);
  const bytes = source.axis === undefined ? Uint8Array.from(interleaved) : new Uint8Array(interleaved.buffer);
  const [image, map] = [bytes, Uint8Array.from(labels.data)].map((content) => createHash("sha256").update(content).digest("hex"));
  if (image !== (source.image_sha256 ?? image))
    throw new Error(`${dataset}/${source.case}: the image decodes to other pixels than nnU-Net was given`);
  if (map !== (source.label_sha256 ?? map))
    throw new Error(`${dataset}/${source.case}: the label map is not the one that nnU-Net was given`);
  return rebuilt;
}

async function fromPictures({ case: name, image, labels = [] }: CaseSource, copies: number): Promise<TrainingCase> {
  const { width, height, channels, data } = await readChannels(sharedPath("data", image));
  const map = new Int16Array(width * height);
  for (const [file, label] of labels) {
    const mask = await readChannels(sharedPath("data", file));
    for (let i = 0; i < map.length; i++) if (mask.data[i]! > 127) map[i] = label;
  }
  const repeated =
    channels === 1 && copies > 1 ? Float32Array.from({ length: copies * data.length }, (_, i) => data[i % data.length]!) : data;
  return {
    name,
    width,
    height,
    channels: repeated.length / map.length,
    data: repeated,
    spacing: undefined,
    labels: { kind: "labels", width, height, data: map },
    warnings: [],
  };
}

/** A slice of a NIfTI volume: the two other axes in order, as rows and columns. */
async function fromVolume({ case: name, image, axis, index = 0, volume = 0, threshold = 0, spacing }: CaseSource): Promise<TrainingCase> {
  const nifti = await readNifti(await readContent(sharedPath("data", image)));
  const voxels = nifti.volume(volume).data;
  const steps = [1, nifti.shape[0], nifti.shape[0] * nifti.shape[1]];
  const fixed = { i: 0, j: 1, k: 2 }[axis!];
  const [down, along] = [0, 1, 2].filter((one) => one !== fixed) as [number, number];
  const [height, width] = [nifti.shape[down]!, nifti.shape[along]!];
  const data = Float32Array.from({ length: height * width }, (_, pixel) => {
    return voxels[Math.floor(pixel / width) * steps[down]! + (pixel % width) * steps[along]! + index * steps[fixed]!]!;
  });
  const labels = Int16Array.from(data, (value) => (value > threshold ? 1 : 0));
  return { name, width, height, channels: 1, data, spacing, labels: { kind: "labels", width, height, data: labels }, warnings: [] };
}
