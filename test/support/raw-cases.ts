import type { Planes } from "../../src/augment/index.ts";
import type { RawCase } from "../../src/nnunet/preprocess/index.ts";
import { openImage } from "../../src/scans/decode-image.ts";
import { readContent } from "../../src/scans/read-content.ts";
import type { StoredPixels } from "../../src/scans/sources/image-source.ts";
import { readNifti } from "../../src/scans/sources/nifti/read-nifti.ts";
import { sharedJson, sharedPath } from "./shared-data.ts";

/** How a case of the nnU-Net data sets is rebuilt from images of the shared folder. */
export interface CaseSource {
  readonly case: string;
  readonly image: string;
  /** Masks and their label values; later ones overwrite. */
  readonly labels?: readonly (readonly [file: string, value: number])[];
  /** Of a slice of a NIfTI volume. */
  readonly axis?: "i" | "j" | "k";
  readonly index?: number;
  readonly volume?: number;
  readonly threshold?: number;
  readonly image_sha256: string;
  readonly label_sha256: string;
  readonly spacing?: readonly [number, number];
}

interface SourcesFile {
  readonly conversion: string;
  readonly cases: readonly CaseSource[];
}

/** A case as its files would hold it, and its values in the order of their hash. */
export async function rawCase(dataset: string, source: CaseSource): Promise<Required<RawCase> & { readonly interleaved: Uint8Array }> {
  return source.axis === undefined ? await picture(dataset, source) : await slice(source);
}

/** The cases of a data set. */
export const caseSources = (dataset: string): SourcesFile => sharedJson("parity/nnunet/datasets", dataset, "sources.json");

async function picture(dataset: string, { image: file, labels: masks = [] }: CaseSource) {
  const pixels = await pixelsOf(`data/${file}`);
  const isCopied = caseSources(dataset).conversion.includes("gray copied to R, G and B");
  const image = isCopied ? repeated(planesOf(pixels), 3) : planesOf(pixels);
  const labels = new Int16Array(image.width * image.height);
  for (const [path, value] of masks) {
    const { data, stride } = await pixelsOf(`data/${path}`);
    for (let i = 0; i < labels.length; i++) if (data[i * stride]! > 127) labels[i] = value;
  }
  return { image, labels, spacing: [1, 1] as const, interleaved: interleavedOf(image) };
}

async function pixelsOf(path: string): Promise<StoredPixels> {
  const [frame] = await openImage(sharedPath(path));
  return frame!.pixels;
}

function planesOf({ width, height, channels, stride, data }: StoredPixels): Planes {
  const size = width * height;
  const planes = new Float32Array(channels * size);
  for (let i = 0; i < size; i++) for (let c = 0; c < channels; c++) planes[c * size + i] = data[i * stride + c]!;
  return { channels, height, width, data: planes };
}

const repeated = ({ height, width, data }: Planes, channels: number): Planes => {
  const planes = new Float32Array(channels * data.length);
  for (let c = 0; c < channels; c++) planes.set(data, c * data.length);
  return { channels, height, width, data: planes };
};

function interleavedOf({ channels, data }: Planes): Uint8Array {
  const size = data.length / channels;
  return Uint8Array.from({ length: data.length }, (_, i) => data[(i % channels) * size + Math.floor(i / channels)]!);
}

async function slice({ image: file, axis, index, volume, threshold, spacing }: CaseSource) {
  const nifti = await readNifti(await readContent(sharedPath(`data/${file}`)));
  const { shape } = nifti;
  const values = nifti.volume(volume!).data;
  const fixed = { i: 0, j: 1, k: 2 }[axis!];
  const strides = [1, shape[0]!, shape[0]! * shape[1]!];
  const [a, b] = [0, 1, 2].filter((one) => one !== fixed) as [number, number];
  const [height, width] = [shape[a]!, shape[b]!];
  const data = new Float32Array(height * width);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o++) data[o] = values[y * strides[a]! + x * strides[b]! + index! * strides[fixed]!]!;
  }
  const labels = Int16Array.from(data, (value) => (value > threshold! ? 1 : 0));
  return { image: { channels: 1, height, width, data }, labels, spacing: spacing!, interleaved: new Uint8Array(data.buffer) };
}
