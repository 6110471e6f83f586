import { checkedMap } from "../check/pictures.ts";
import type { GrayImage, SaliencyMap } from "./types.ts";

/** The whole number in 0..255 nearest to a value, halves to the even one: how OpenCV writes floats. NaN gives 0. */
export function toByte(value: number): number {
  if (!(value > 0)) return 0;
  if (value >= 255) return 255;
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

/** A saliency map as it is stored: times 255 in float32, rounded half to even, saturating. */
export function toGray(map: SaliencyMap): GrayImage {
  const { width, height, data } = checkedMap(map, "toGray");
  return { width, height, data: Uint8Array.from(data, (value) => toByte(Math.fround(value * 255))) };
}

/**
 * Values moved and scaled to [0, 1], in float32: (x - min) / (max - min).
 *
 * A constant map has no location information: it becomes zeros, and `constant` is true. (The released code
 * divides by zero there and writes the resulting NaN as 0.)
 */
export function minMax(values: Float32Array): { map: Float32Array<ArrayBuffer>; constant: boolean } {
  let least = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  const range = Math.fround(largest - least);
  const constant = !(range > 0);
  return { map: constant ? new Float32Array(values.length) : Float32Array.from(values, (v) => Math.fround(v - least) / range), constant };
}
