import type { Size } from "../../image/index.ts";
import { toHalf } from "./_half.ts";

/**
 * Which weights the pixels of a window have.
 *
 * - `gaussian`: the Gaussian map in float64, maximum 1.
 * - `uniform`: 1 everywhere.
 * - `gaussian-2.8.1`: as nnU-Net 2.8.1 uses it, maximum 10 in half precision.
 * - `gaussian-2.1.1`: as the released fork uses it, rounded to half precision before it is scaled to 1000: at 256 x 256 weights below 3.8e-4 of the
 *   maximum become that, 27 % of the pixels.
 */
export type WindowMapKind = "gaussian" | "uniform" | "gaussian-2.8.1" | "gaussian-2.1.1";

/** Standard deviation of the Gaussian as a fraction of the patch. */
const spread = 1 / 8;

/** Standard deviations after which the Gaussian ends. */
const reach = 4;

/**
 * The weight of each pixel of a window, row-major [h, w]: a Gaussian around pixel (h div 2, w div 2) with an eighth of the patch as standard deviation.
 * Weights are above 0: what would be 0 gets the smallest other weight.
 */
export function windowMap({ width, height }: Size, kind: WindowMapKind = "gaussian"): Float64Array {
  if (kind === "uniform") return new Float64Array(width * height).fill(1);
  const [down, across] = [gaussian(height), gaussian(width)];
  const map = new Float64Array(width * height);
  for (let y = 0, o = 0; y < height; y++) for (let x = 0; x < width; x++, o++) map[o] = down[y]! * across[x]!;
  scale[kind](map, map[Math.floor(height / 2) * width + Math.floor(width / 2)]!);
  return withoutZeros(map);
}

/** How a map with this maximum is scaled, in place. */
const scale = {
  gaussian: (map, maximum) => {
    for (let i = 0; i < map.length; i++) map[i]! /= maximum;
  },
  "gaussian-2.8.1": (map, maximum) => {
    for (let i = 0; i < map.length; i++) map[i] = toHalf(map[i]! / (maximum / 10));
  },
  "gaussian-2.1.1": (map, maximum) => {
    const half = toHalf(maximum);
    for (let i = 0; i < map.length; i++) map[i] = toHalf(toHalf(toHalf(map[i]!) / half) * 1000);
  },
} as const satisfies Record<string, (map: Float64Array, maximum: number) => void>;

/** The samples of a Gaussian around the middle of an axis; the full kernel, which may reach beyond the axis, has the sum 1. */
function gaussian(length: number): Float64Array {
  const sigma = length * spread;
  const radius = Math.floor(reach * sigma + 0.5);
  const centre = Math.floor(length / 2);
  const at = (distance: number): number => (Math.abs(distance) > radius ? 0 : Math.exp((-0.5 * distance * distance) / (sigma * sigma)));
  let sum = 0;
  for (let d = -radius; d <= radius; d++) sum += at(d);
  return Float64Array.from({ length }, (_, i) => at(i - centre) / sum);
}

function withoutZeros(map: Float64Array): Float64Array {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < map.length; i++) if (map[i]! > 0 && map[i]! < smallest) smallest = map[i]!;
  for (let i = 0; i < map.length; i++) if (map[i] === 0) map[i] = smallest;
  return map;
}
