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
  const levels = new Uint8Array(data.length);
  for (let i = 0; i < levels.length; i++) levels[i] = toByte(Math.fround(data[i]! * 255));
  return { width, height, data: levels };
}

/** Least and greatest of at least one value. */
export function rangeOf(values: Float32Array | Uint8Array): [least: number, greatest: number] {
  let least = values[0]!;
  let greatest = values[0]!;
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return [least, greatest];
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
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  const range = Math.fround(largest - least);
  const constant = !(range > 0);
  const map = new Float32Array(values.length);
  if (!constant) for (let i = 0; i < map.length; i++) map[i] = Math.fround(values[i]! - least) / range;
  return { map, constant };
}
