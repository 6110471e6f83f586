import { expect } from "vitest";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { toFloat32 } from "../../src/tensor/stored-tensor.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import type { PairFeatures, TrainingPairs } from "../../src/train/index.ts";
import { largestDifference } from "./close.ts";
import { sharedPath } from "./shared-data.ts";

/** What a curve's metadata says of it. */
export interface Curve {
  readonly steps: { readonly loss: number[]; readonly grad_norm: number[]; readonly lr: number[]; readonly logit_scale: number[] };
  /** Rows of the word embeddings that are stored; of other tensors every n-th element. */
  readonly word_rows: readonly number[];
}

export interface FineTuneCase {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly curve: Curve;
}

export async function fineTuneCase(name: string): Promise<FineTuneCase> {
  const { tensors, metadata } = await readSafetensors(sharedPath(`parity/learn/${name}.safetensors`));
  return { tensors, curve: JSON.parse(metadata.case!) as Curve };
}

/** The pairs [from, to) of the cases: gray levels in three channels, token ids without their padding. */
export async function pairsOf(from: number, to: number): Promise<TrainingPairs> {
  const { tensors } = await readSafetensors(sharedPath("parity/learn/finetune-data.safetensors"));
  const [images, ids] = [tensors.get("images")!, tensors.get("ids")!];
  const plane = 224 * 224;
  const pixels = new Uint8Array((to - from) * 3 * plane);
  for (let i = 0; i < 3 * (to - from); i++) {
    const image = from + Math.floor(i / 3);
    pixels.set((images.data as Uint8Array).subarray(image * plane, (image + 1) * plane), i * plane);
  }
  const rows = Array.from({ length: to - from }, (_, i) =>
    Array.from((ids.data as Int32Array).subarray((from + i) * 64, (from + i + 1) * 64)).filter((id) => id !== 0),
  );
  return { pixels: tensor("uint8", [to - from, 3, 224, 224], pixels), ids: rows };
}

/** Cosines [N, N] of all images with all texts. */
export function cosines({ image, text }: PairFeatures): Float32Array {
  const [count, width] = image.shape as [number, number];
  const unit = (x: Float32Array) =>
    Array.from({ length: count }, (_, i) => {
      const row = x.subarray(i * width, (i + 1) * width);
      const length = Math.hypot(...row);
      return row.map((value) => value / length);
    });
  const [v, t] = [unit(image.data), unit(text.data)];
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, k) => sum + value * b[k]!, 0);
  return Float32Array.from({ length: count * count }, (_, i) => dot(v[Math.floor(i / count)]!, t[i % count]!));
}

/**
 * Compares what the case stores of some tensors, all named `<prefix><name>`.
 *
 * @param actual - the whole tensor of a name
 * @param tolerance - largest difference, as a part of the largest value where `isRelative`
 */
export function expectStored(
  { tensors, curve }: FineTuneCase,
  prefix: string,
  actual: (name: string) => Float32Array | undefined,
  tolerance: number,
  isRelative: boolean,
): number {
  let compared = 0;
  for (const [key, stored] of tensors) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    // Key biases have no gradient in exact arithmetic: what there is is rounding noise, which Adam blows up.
    if (name.endsWith("self.key.bias")) continue;
    const whole = actual(name);
    if (!whole) continue;
    let [found, expected] = [sampled(name, whole, curve.word_rows), Array.from(toFloat32(stored))];
    if (name.endsWith("attn.qkv.bias")) [found, expected] = [withoutMiddleThird(found), withoutMiddleThird(expected)];
    const largest = isRelative ? expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) : 1;
    expect(largestDifference(found, expected), key).toBeLessThanOrEqual(tolerance * largest);
    compared++;
  }
  return compared;
}

function sampled(name: string, whole: Float32Array, rows: readonly number[]): number[] {
  if (name.endsWith("word_embeddings.weight")) return rows.flatMap((row) => Array.from(whole.subarray(row * 64, (row + 1) * 64)));
  const stride = Math.ceil(whole.length / 384);
  return Array.from(whole).filter((_, i) => i % stride === 0);
}

function withoutMiddleThird(values: readonly number[]): number[] {
  const third = values.length / 3;
  return [...values.slice(0, third), ...values.slice(2 * third)];
}
