import { join } from "node:path";
import { originOf } from "../hub/origin.ts";
import { embeddedPack } from "../hub/pack.ts";
import { metadataOf, type TrainingOfModel } from "../models/origin.ts";
import type { Weights } from "../models/weights.ts";
import { type SafetensorsEntry, writeSafetensorsStream } from "../tensor/safetensors.ts";
import { fromFloat32, readTensor, transposed } from "../tensor/stored-tensor.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";

/** Name of the weights file by the naming scheme; tools look for these. */
const fileNames: Readonly<Record<string, string>> = { open_clip: "open_clip_model.safetensors" };
const defaultFileName = "model.safetensors";

/** The part of an official tensor that a tensor of the file holds: its rows from `part` · rows on. */
interface Place {
  readonly official: string;
  readonly part: number;
}

/** The model to export. */
export interface ModelContent {
  /** The original weights file. */
  readonly weights: Weights;
  /** The model's official names and shapes. */
  readonly tensors: ReadonlyMap<string, Shape>;
  /** The values of a changed tensor; undefined for unchanged ones. */
  readonly changed: (official: string) => Promise<Float32Array> | undefined;
  /** Whether a tensor is changed, where `changed` takes work to say it. */
  readonly isChanged?: (official: string) => boolean;
  /** Scalars that the original file lacks, by name. */
  readonly added?: ReadonlyMap<string, Float32Array>;
  /** What its metadata says about it beside its origin. */
  readonly about?: Readonly<Record<string, string>>;
  /** Number of steps it was trained. */
  readonly steps: number;
}

/**
 * Writes a trained model in the format of its original file, so that other tools can read it: same names and types, with trained tensors
 * in place of the old ones. Frozen tensors keep their bytes. Its metadata tells from what it was trained, see `originOf`.
 *
 * @returns the weights file
 */
export async function exportModel(folder: string, content: ModelContent): Promise<string> {
  const { weights, tensors, changed, isChanged = (official) => changed(official) !== undefined, added = new Map(), about, steps } = content;
  const places = new Map<string, Place>();
  for (const official of tensors.keys())
    for (const [part, name] of weights.namesOf(official).entries()) places.set(name, { official, part });
  const isTransposed = (name: string, { length }: Shape) => length === 2 && weights.scheme.isTransposed?.(name) === true;
  const entries: SafetensorsEntry[] = [...weights.contents].map(([name, { dtype, shape }]) => ({
    ...{ name, dtype },
    shape: isTransposed(name, shape) ? [shape[1]!, shape[0]!] : shape,
  }));
  for (const name of added.keys()) if (!weights.contents.has(name)) entries.push({ name, dtype: "float32", shape: [] });

  const file = join(folder, fileNames[weights.scheme.name] ?? defaultFileName);
  const values = async ({ name, dtype, shape }: SafetensorsEntry) => {
    const number = added.get(name);
    if (number) return number;
    const place = places.get(name);
    const whole = place && (await changed(place.official));
    const stored = weights.contents.get(name)!;
    if (!whole) return (await readTensor(isTransposed(name, shape) ? transposed(stored) : stored)).data;
    const size = sizeOf(shape);
    const part = whole.subarray(place.part * size, (place.part + 1) * size);
    return fromFloat32(dtype, isTransposed(name, shape) ? exchanged(part, shape) : part);
  };
  const all = [...tensors.keys()];
  await writeSafetensorsStream(file, entries, values, {
    ...about,
    ...(await metadataOfTrained(weights.file, { steps, all, trained: all.filter(isChanged) })),
  });
  return file;
}

/** A matrix with its axes exchanged. @param shape - of the result */
function exchanged(values: Float32Array, [rows, columns]: Shape): Float32Array {
  return Float32Array.from(values, (_, at) => values[(at % columns!) * rows! + Math.floor(at / columns!)]!);
}

/** The origin of a trained model. The folder of a pack that does not come with this package is left out: it may be private. */
async function metadataOfTrained(source: string, training: TrainingOfModel): Promise<Record<string, string>> {
  const { pack, ...origin } = await originOf(source);
  const isEmbedded = pack !== undefined && (await embeddedPack(pack)) !== undefined;
  return metadataOf({ ...origin, ...(isEmbedded && { pack }) }, training);
}
