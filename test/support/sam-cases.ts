import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Box, LabelledPoint, Mask } from "../../src/image/types.ts";
import { type SamConfig, samTensors } from "../../src/models/sam/index.ts";
import type { SamPrompts } from "../../src/segment/index.ts";
import { recipePieces, recipeTensor } from "../../src/tensor/recipe.ts";
import { writeSafetensorsStream } from "../../src/tensor/safetensors.ts";
import type { Shape, Tensor } from "../../src/tensor/tensor.ts";
import { readCase, sharedPath } from "./shared-data.ts";

/** A temporary folder, and how to remove it. */
export async function temporaryFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "medclip-sam-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Changes of a test to the recipe's weights. */
export interface SamFileChanges {
  /** Default: 1. */
  readonly seed?: number;
  /** Other names for the file, drawn under the official ones. */
  readonly rename?: (official: string) => string;
  /** Changes the values of some tensors in place. */
  readonly change?: Readonly<Record<string, (values: Float32Array) => void>>;
}

/** Writes a SAM checkpoint with the recipe's weights. */
export async function writeSam(file: string, config: SamConfig, { seed = 1, rename = (name) => name, change = {} }: SamFileChanges = {}) {
  const officialNames = new Map<string, string>();
  const entries = [...samTensors(config)].map(([official, shape]) => {
    officialNames.set(rename(official), official);
    return { name: rename(official), dtype: "float32" as const, shape };
  });
  await writeSafetensorsStream(file, entries, ({ name, shape }) => {
    const official = officialNames.get(name)!;
    if (!change[official]) return recipePieces("sam", official, shape, seed);
    const values = recipeTensor("sam", official, shape, seed);
    change[official](values);
    return values;
  });
  return file;
}

/** Metadata of a file of SAM cases. */
export interface SamFile {
  readonly image: string;
  readonly image_sha256: string;
}

/** One case of the shared SAM data. */
export interface SamCase {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly seed: number;
  readonly image: string;
  readonly imageSha256: string;
}

export async function readSamCase(file: string): Promise<SamCase> {
  const { tensors, settings } = await readCase<SamFile>("parity/sam", file);
  return { tensors, seed: settings.seed, image: sharedPath("data", settings.image), imageSha256: settings.image_sha256 };
}

/** The prompts of a case by their name; points are the same in every row of a batch. */
export function promptsOf({ tensors }: SamCase, prompt: string): SamPrompts {
  const boxes = tensors.get(`${prompt}.boxes`);
  const points = tensors.get(`${prompt}.points`);
  const labels = tensors.get(`${prompt}.labels`);
  return {
    ...(boxes && { boxes: Array.from({ length: boxes.shape[0]! }, (_, i) => boxOf(boxes.data.slice(i * 4, i * 4 + 4) as Int32Array)) }),
    ...(points && {
      points: Array.from({ length: points.shape[1]! }, (_, i): LabelledPoint => {
        return { x: Number(points.data[i * 2]), y: Number(points.data[i * 2 + 1]), label: Number(labels!.data[i]) as 0 | 1 };
      }),
    }),
  };
}

export function boxOf([x0, y0, x1, y1]: ArrayLike<number> & Iterable<number>): Box {
  return { x0: x0!, y0: y0!, x1: x1!, y1: y1! };
}

/** Every `stride`-th entry along two axes of an array, from index 0. */
export function strided(data: Float32Array, shape: Shape, axes: readonly [number, number], stride: number): Float32Array {
  const kept = shape.map((length, axis) => (axes.includes(axis) ? Math.ceil(length / stride) : length));
  const out = new Float32Array(kept.reduce((a, b) => a * b, 1));
  for (let i = 0; i < out.length; i++) {
    let [rest, position, step] = [i, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += (rest % kept[axis]!) * (axes.includes(axis) ? stride : 1) * step;
      rest = Math.floor(rest / kept[axis]!);
      step *= shape[axis]!;
    }
    out[i] = data[position]!;
  }
  return out;
}

/** Intersection over union; 1 for two empty masks. */
export function iou(a: Mask, b: Mask): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.data.length; i++) {
    both += a.data[i]! & b.data[i]!;
    either += a.data[i]! | b.data[i]!;
  }
  return either === 0 ? 1 : both / either;
}
