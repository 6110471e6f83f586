import { roundHalfEven } from "../../round-half-even.ts";

/** Lengths along the axes of an image. */
export type Extent = readonly [rows: number, columns: number];

/** A patch that is longer than this along one axis is turned by small angles alone. */
const longPatch = 1.5;

/** The share of a batch whose crops must contain foreground, rounded. */
const foregroundShare = 0.33;

/** By how many degrees a patch is turned at most: 180, or 15 where its sides differ by more than half. */
export function largestRotation(patch: Extent): number {
  return Math.max(...patch) / Math.min(...patch) > longPatch ? 15 : 180;
}

/**
 * The size of the crop from which a patch is sampled, so that a patch that is turned or made smaller still lies in it.
 *
 * @returns the bounding box of the patch turned by up to 90 degrees, divided by 0.85 and rounded down
 */
export function initialPatchSize(patch: Extent): Extent {
  const [rows, columns] = patch;
  const angle = (Math.min(largestRotation(patch), 90) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turned = [Math.abs(rows * cos + columns * sin), Math.abs(columns * cos - rows * sin)] as const;
  return [Math.trunc(Math.max(rows, turned[0]) / 0.85), Math.trunc(Math.max(columns, turned[1]) / 0.85)];
}

/** Lengths along one axis: of the image, of the crop and of the patch that is sampled from it. */
export interface AxisLengths {
  readonly size: number;
  readonly initial: number;
  readonly final: number;
}

/** The least and the greatest corner of a random crop along one axis. It may begin before the image, and end behind it. */
export function cornerRange({ size, initial, final }: AxisLengths): readonly [from: number, to: number] {
  const need = Math.max(initial - final, initial - size);
  return [0 - Math.ceil(need / 2), size + Math.ceil(need / 2) - initial];
}

/** The first item of a batch whose crop must contain foreground; so must all behind it. */
export function firstForced(batch: number): number {
  return roundHalfEven(batch * (1 - foregroundShare));
}
