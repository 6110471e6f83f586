import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { TrainingCase } from "../../src/nnunet/dataset/read-case.ts";
import { readChannels } from "../../src/scans/read-channels.ts";
import { sharedJson, sharedNames, sharedPath } from "./shared-data.ts";

/** The shared data sets that nnU-Net has planned, by name. */
export const nnunetDatasets: readonly string[] = sharedNames("parity/nnunet/datasets", /^Dataset/);

interface Source {
  readonly case: string;
  readonly image: string;
  readonly labels?: readonly (readonly [mask: string, label: number])[];
  readonly axis?: "i" | "j" | "k";
  readonly index?: number;
  readonly volume?: number;
  readonly threshold?: number;
  readonly spacing?: readonly [number, number];
  readonly shape: readonly [number, number];
  readonly image_sha256: string;
  readonly label_sha256: string;
}

/** Rebuilds the cases of a shared data set from its sources.json, one by one. Images that are decoded otherwise than by its maker are an error. */
export function rebuiltCases(dataset: string): (() => Promise<TrainingCase>)[] {
  const { cases, conversion } = sharedJson<{ cases: readonly Source[]; conversion: string }>(
    "parity/nnunet/datasets",
    dataset,
    "sources.json",
  );
  const copies = conversion.includes("gray copied to R, G and B") ? 3 : 1;
  return cases.map((source) => async () => {
    const rebuilt = source.axis === undefined ? await fromPictures(source, copies) : await fromVolume(source);
    const { data, labels, channels } = rebuilt;
    const pixels = labels.data.length;
    const interleaved = data.map((_, i) => data[(i % channels) * pixels + Math.floor(i / channels)]!);
    const bytes = source.axis === undefined ? Uint8Array.from(interleaved) : new Uint8Array(interleaved.buffer);
    const sums = [bytes, Uint8Array.from(labels.data)].map((content) => createHash("sha256").update(content).digest("hex"));
    if (sums[0] !== source.image_sha256)
      throw new Error(`${dataset}/${source.case}: the image decodes to other pixels than nnU-Net was given`);
    if (sums[1] !== source.label_sha256) throw new Error(`${dataset}/${source.case}: the label map is not the one that nnU-Net was given`);
    return rebuilt;
  });
}

async function fromPictures({ case: name, image, labels = [] }: Source, copies: number): Promise<TrainingCase> {
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

/** Reads voxels of the data types in use: uint8, int16 and float32. */
const voxelReaders: Readonly<Record<number, (view: DataView, voxel: number, little: boolean) => number>> = {
  2: (view, voxel) => view.getUint8(voxel),
  4: (view, voxel, little) => view.getInt16(2 * voxel, little),
  16: (view, voxel, little) => view.getFloat32(4 * voxel, little),
};

/** A slice of a NIfTI-1 volume. */
async function fromVolume({
  case: name,
  image,
  axis,
  index = 0,
  volume = 0,
  threshold = 0,
  spacing,
  shape,
}: Source): Promise<TrainingCase> {
  const stored = await readFile(sharedPath("data", image));
  const bytes = Uint8Array.from(image.endsWith(".gz") ? gunzipSync(stored) : stored);
  const view = new DataView(bytes.buffer);
  const little = view.getInt32(0, true) === 348;
  const [ni, nj, nk] = [1, 2, 3].map((i) => view.getInt16(40 + 2 * i, little)) as [number, number, number];
  const voxels = new DataView(bytes.buffer, view.getFloat32(108, little));
  const [slope, intercept] = [view.getFloat32(112, little) || 1, view.getFloat32(116, little)];
  const read = voxelReaders[view.getInt16(70, little)]!;
  const [height, width] = shape;
  const at = {
    i: (a: number, b: number) => index + ni * (a + nj * b),
    j: (a: number, b: number) => a + ni * (index + nj * b),
    k: (a: number, b: number) => a + ni * (b + nj * index),
  }[axis!];
  const data = Float32Array.from({ length: height * width }, (_, pixel) => {
    return read(voxels, ni * nj * nk * volume + at(Math.floor(pixel / width), pixel % width), little) * slope + intercept;
  });
  const labels = Int16Array.from(data, (value) => (value > threshold ? 1 : 0));
  return { name, width, height, channels: 1, data, spacing, labels: { kind: "labels", width, height, data: labels }, warnings: [] };
}
