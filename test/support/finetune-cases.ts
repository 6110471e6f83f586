import { expect } from "vitest";
import { toFloat32 } from "../../src/tensor/stored-tensor.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { ContrastiveSettings, type PairFeatures, type TrainingPairs } from "../../src/train/index.ts";
import { largestDifference } from "./close.ts";
import { readCase } from "./shared-data.ts";

/** Metadata of a training on the tiny model. */
export interface FineTuneFile {
  readonly size: string;
  /** Absent with LoRA. */
  readonly loss?: "dhn-nce" | "infonce";
  readonly rank?: number;
  readonly alpha?: number;
  /** Number of parameters of the adapters. */
  readonly parameters?: number;
  readonly loss_settings: { readonly tau?: number; readonly beta?: number };
  readonly optimizer: {
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay: number;
    readonly warmup: number;
    readonly total: number;
  };
  readonly steps: { readonly loss: number[]; readonly grad_norm: number[]; readonly lr: number[]; readonly logit_scale: number[] };
  /** Rows of the word embeddings that are stored; of other tensors every n-th element. */
  readonly word_rows?: readonly number[];
}

export type FineTuneCase = Awaited<ReturnType<typeof readCase<FineTuneFile>>>;

/** The settings of a case, by our names. */
export function settingsOf({ loss, rank, alpha, loss_settings, optimizer, seed }: FineTuneFile & { seed: number }) {
  const { tau: temperature, beta } = loss_settings;
  const { lr, betas, eps, weight_decay, warmup } = optimizer;
  return ContrastiveSettings.parse({
    ...(loss === "infonce" ? { loss: "info-nce", learnTemperature: true } : { loss: "dhn-nce", temperature, beta1: beta, beta2: beta }),
    ...{ lr, adamBeta1: betas[0], adamBeta2: betas[1], adamEpsilon: eps, weightDecay: weight_decay, warmup, seed },
    ...(rank !== undefined && { loraRank: rank, loraAlpha: alpha }),
  });
}

/** How many pairs the cases have. */
export const pairCount = async (): Promise<number> => (await fineTuneData()).get("ids")!.shape[0]!;

const fineTuneData = async () => (await readCase("parity/learn/finetune-data.safetensors")).tensors;

/** The pairs [from, to) of the cases: gray levels in three channels, token ids without their padding. */
export async function pairsOf(from: number, to: number): Promise<TrainingPairs> {
  const tensors = await fineTuneData();
  const [images, ids] = [tensors.get("images")!, tensors.get("ids")!];
  const [, side] = images.shape as [number, number];
  const context = ids.shape[1]!;
  const plane = side * side;
  const pixels = new Uint8Array((to - from) * 3 * plane);
  for (let i = 0; i < 3 * (to - from); i++) {
    const image = from + Math.floor(i / 3);
    pixels.set((images.data as Uint8Array).subarray(image * plane, (image + 1) * plane), i * plane);
  }
  const rows = Array.from({ length: to - from }, (_, i) =>
    Array.from((ids.data as Int32Array).subarray((from + i) * context, (from + i + 1) * context)).filter((id) => id !== 0),
  );
  return { pixels: tensor("uint8", [to - from, 3, side, side], pixels), ids: rows };
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
  { tensors, settings }: Pick<FineTuneCase, "tensors"> & { settings: Pick<FineTuneFile, "word_rows"> },
  prefix: string,
  actual: (name: string) => Float32Array | undefined,
  tolerance: number,
  isRelative: boolean,
): number {
  let compared = 0;
  for (const [key, stored] of tensors) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    // In exact arithmetic, key biases have no gradient; the rounding noise in its place is amplified by Adam.
    if (name.endsWith("self.key.bias")) continue;
    const whole = actual(name);
    if (!whole) continue;
    let [found, expected] = [sampled(name, whole, stored, settings.word_rows), Array.from(toFloat32(stored))];
    if (name.endsWith("attn.qkv.bias")) [found, expected] = [withoutMiddleThird(found), withoutMiddleThird(expected)];
    const largest = isRelative ? expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) : 1;
    expect(largestDifference(found, expected), key).toBeLessThanOrEqual(tolerance * largest);
    compared++;
  }
  return compared;
}

function sampled(name: string, whole: Float32Array, { shape }: Tensor, rows: readonly number[] = []): number[] {
  const width = shape.at(-1)!;
  if (name.endsWith("word_embeddings.weight")) return rows.flatMap((row) => Array.from(whole.subarray(row * width, (row + 1) * width)));
  const stride = Math.ceil(whole.length / 384);
  return Array.from(whole).filter((_, i) => i % stride === 0);
}

function withoutMiddleThird(values: readonly number[]): number[] {
  const third = values.length / 3;
  return [...values.slice(0, third), ...values.slice(2 * third)];
}
