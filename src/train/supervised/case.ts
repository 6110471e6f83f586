import { InputError } from "../../errors.ts";
import { openSafetensors, type SafetensorsEntry, writeSafetensorsStream } from "../../tensor/safetensors.ts";
import { readTensor } from "../../tensor/stored-tensor.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

/** A preprocessed image with its labels, as the training draws crops from it. */
export interface TrainingCase {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Normalised channels [C, H, W]. */
  readonly data: Float32Array;
  /** [H, W]; -1 is outside of what the image shows. */
  readonly labels: Int16Array;
  /** For each foreground class or region some of its pixels, as indices y W + x; empty where the case has none. */
  readonly classLocations: readonly Int32Array[];
  /** With an ignore label: some of the pixels that are annotated, background included. */
  readonly annotated?: Int32Array | undefined;
  /** How much the case counts in the loss, at least 0. */
  readonly weight: number;
}

const [dataName, labelsName, annotatedName, locationsName] = ["data", "labels", "annotated", "locations/"];

/** Writes a case as a safetensors file that `readCase` reads: tensors `data`, `labels`, `annotated` and `locations/0`, `locations/1`, ... */
export async function writeCase(file: string, one: TrainingCase): Promise<void> {
  const { name, channels, height, width, weight } = one;
  const list = (values: Int32Array) => tensor("int32", [values.length], values as Int32Array<ArrayBuffer>);
  const tensors = new Map<string, Tensor>([
    [dataName, tensor("float32", [channels, height, width], one.data as Float32Array<ArrayBuffer>)],
    [labelsName, tensor("int16", [height, width], one.labels as Int16Array<ArrayBuffer>)],
    ...one.classLocations.map((pixels, i) => [`${locationsName}${i}`, list(pixels)] as const),
    ...(one.annotated ? [[annotatedName, list(one.annotated)] as const] : []),
  ]);
  const entries: SafetensorsEntry[] = [...tensors].map(([key, { dtype, shape }]) => ({ name: key, dtype, shape }));
  await writeSafetensorsStream(file, entries, ({ name: key }) => tensors.get(key)!.data, { case: JSON.stringify({ name, weight }) });
}

/** A case that `writeCase` has written. @throws InputError when the file is something else, WeightsError when it is damaged */
export async function readCase(file: string): Promise<TrainingCase> {
  const { tensors, metadata } = await openSafetensors(file);
  const [data, labels] = [tensors.get(dataName), tensors.get(labelsName)];
  if (!data || !labels || metadata.case === undefined)
    throw new InputError(`"${file}" is no preprocessed case: expected the tensors "${dataName}" and "${labelsName}". Plan the data again.`);
  const [channels, height, width] = data.shape as [number, number, number];
  const read = async <T>(name: string) => (await readTensor(tensors.get(name)!)).data as T;
  const count = [...tensors.keys()].filter((key) => key.startsWith(locationsName)).length;
  const classLocations: Int32Array[] = [];
  for (let i = 0; i < count; i++) classLocations.push(await read<Int32Array>(`${locationsName}${i}`));
  return {
    ...(JSON.parse(metadata.case) as Pick<TrainingCase, "name" | "weight">),
    channels,
    height,
    width,
    data: await read<Float32Array>(dataName),
    labels: await read<Int16Array>(labelsName),
    classLocations,
    ...(tensors.has(annotatedName) && { annotated: await read<Int32Array>(annotatedName) }),
  };
}

/** Bytes that a case needs in memory. */
export function bytesOfCase({ data, labels, classLocations, annotated }: TrainingCase): number {
  return [data, labels, ...classLocations, ...(annotated ? [annotated] : [])].reduce((sum, { byteLength }) => sum + byteLength, 0);
}
