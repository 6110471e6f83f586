import type { Point, Size } from "../../image/index.ts";
import { toHalf } from "./_half.ts";

/** Sums of logits over overlapping windows, and of the weights they had. */
export interface WindowSums extends Size {
  /** [K, H, W]. */
  readonly logits: Float64Array;
  /** [H, W]. */
  readonly weights: Float64Array;
}

export function emptySums({ width, height }: Size, outputs: number): WindowSums {
  return { width, height, logits: new Float64Array(outputs * width * height), weights: new Float64Array(width * height) };
}

/** A window that was predicted. */
export interface PredictedWindow extends Size {
  readonly corner: Point;
  /** Logits [K, h, w], summed over `copies` mirror images. */
  readonly sum: Float32Array;
  readonly copies: number;
  /** The weight of each pixel [h, w]. */
  readonly map: Float64Array;
}

/** Adds a window with its weights. */
export function addWindow(sums: WindowSums, { width, height, corner, sum, copies, map }: PredictedWindow): void {
  const area = width * height;
  for (let y = 0; y < height; y++) {
    const first = (corner.y + y) * sums.width + corner.x;
    for (let x = 0, w = y * width, o = first; x < width; x++, w++, o++) sums.weights[o]! += map[w]!;
    for (let k = 0; k * area < sum.length; k++) {
      let o = k * sums.weights.length + first;
      for (let w = y * width, i = k * area + w; w < (y + 1) * width; w++, i++, o++) sums.logits[o]! += (map[w]! * sum[i]!) / copies;
    }
  }
}

/** The same with nnU-Net's precision: products in float32, sums in half precision. */
export function addWindowInHalf(sums: WindowSums, { width, height, corner, sum, copies, map }: PredictedWindow): void {
  const area = width * height;
  for (let y = 0; y < height; y++) {
    const first = (corner.y + y) * sums.width + corner.x;
    for (let x = 0, w = y * width, o = first; x < width; x++, w++, o++) sums.weights[o] = toHalf(sums.weights[o]! + map[w]!);
    for (let k = 0; k * area < sum.length; k++) {
      let o = k * sums.weights.length + first;
      for (let w = y * width, i = k * area + w; w < (y + 1) * width; w++, i++, o++) {
        const product = Math.fround(Math.fround(sum[i]! / copies) * map[w]!);
        sums.logits[o] = toHalf(sums.logits[o]! + product);
      }
    }
  }
}

/** Weighted means [K, height, width] of the part that begins at a corner. @param round - precision of the means, such as `toHalf` */
export function meansOf(sums: WindowSums, corner: Point, { width, height }: Size, round?: (value: number) => number): Float32Array {
  const pixels = sums.weights.length;
  const outputs = sums.logits.length / pixels;
  const out = new Float32Array(outputs * width * height);
  for (let k = 0, o = 0; k < outputs; k++) {
    for (let y = 0; y < height; y++) {
      let at = (corner.y + y) * sums.width + corner.x;
      for (const end = at + width; at < end; at++, o++) out[o] = sums.logits[k * pixels + at]! / sums.weights[at]!;
    }
  }
  if (round !== undefined) for (let i = 0; i < out.length; i++) out[i] = round(out[i]!);
  return out;
}
