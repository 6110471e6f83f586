import { ConfigError } from "../errors.ts";
import type { MaskStack } from "../image/index.ts";

/** How far the filter looks along the normal of the slices. */
export type SmoothingReach =
  /** Slices to each side: 1 is the majority of three. */
  | { readonly reach: number }
  /** Millimetres to each side, and the distance of the slices: as many slices as fit. With thicker slices nothing is changed. */
  | { readonly reachMm: number; readonly sliceSpacing: number };

/**
 * Smooths a mask along the normal of its slices: a voxel is foreground where most of the 2 r + 1 voxels around it in that direction are. That is the
 * median filter of a binary signal (Gallagher and Wise 1981, A theoretical analysis of the properties of median filters). Beyond the first and
 * the last slice their own values are repeated, so that with r = 1 both stay as they are.
 *
 * With r = 1 it fills what one slice lost and removes what one slice alone has. A structure that truly lies in one slice goes, too, which is why
 * `reachMm` measures what counts as thin in millimetres. Nothing is added that no slice within reach has, nothing removed that all have.
 *
 * @param reach - default: one slice to each side
 * @throws ConfigError when a reach is negative or no number
 */
export function smoothAlongNormal(stack: MaskStack, reach: SmoothingReach = { reach: 1 }): MaskStack {
  const r = reachOf(reach);
  const { slices, rows, columns, data } = stack;
  const size = rows * columns;
  const out = new Uint8Array(data.length);
  const clamped = (slice: number): number => Math.min(slices - 1, Math.max(0, slice)) * size;
  const counts = new Uint16Array(size); // of the window round the slice
  const add = (slice: number, sign: 1 | -1): void => {
    const at = clamped(slice);
    for (let i = 0; i < size; i++) if (data[at + i] !== 0) counts[i]! += sign;
  };
  for (let slice = -r; slice <= r && slices > 0; slice++) add(slice, 1);
  for (let slice = 0; slice < slices; slice++) {
    const at = slice * size;
    for (let i = 0; i < size; i++) out[at + i] = counts[i]! > r ? 1 : 0;
    add(slice - r, -1);
    add(slice + r + 1, 1);
  }
  return { slices, rows, columns, data: out };
}

/** Most slices to a side: beyond, a filter is no smoothing, and counts would not fit. */
const farthest = 1000;

function reachOf(reach: SmoothingReach): number {
  // 5 mm reach two slices of 2.5 mm, though 5 / 2.4999999 and 5 / 2.5000001 differ.
  const slices = "reach" in reach ? reach.reach : Math.floor(reach.reachMm / reach.sliceSpacing + 1e-4);
  if (Number.isInteger(slices) && slices >= 0 && slices <= farthest) return slices;
  throw new ConfigError(
    `smoothAlongNormal: the reach must be a whole number of slices from 0 to ${farthest}, or millimetres of at least 0 with the distance of the slices; got ${JSON.stringify(reach)}`,
  );
}
