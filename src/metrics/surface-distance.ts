import type { Mask } from "../image/types.ts";
import { checkedDistances, checkedMasks } from "./_checked.ts";
import { shareWithin, surfaceElements } from "./_surface-elements.ts";
import { reach, type SurfaceMetrics, summaryOf } from "./_surface-summary.ts";

/** How distances are measured. */
export interface SurfaceOptions {
  /** Length of a pixel [row, column], for instance millimetres; default [1, 1], which gives pixels. */
  readonly spacing?: readonly [number, number] | undefined;
}

/** `SurfaceOptions` plus the tolerated distance. */
export interface ToleranceOptions extends SurfaceOptions {
  /** In the unit of the spacing, inclusive; default 2. */
  readonly tolerance?: number | undefined;
}

/**
 * All contour metrics of two masks, for the price of one.
 *
 * The contour passes through the corners between pixels. Each corner whose four pixels differ is an element with the length of contour
 * that passes it: the pixel's side along an edge, half its diagonal at a corner, twice that where two pixels touch diagonally. The distance of an element
 * is the exact one to the nearest element of the other mask. The frame of the image counts as outside.
 *
 * @throws ShapeError when the sizes differ
 * @see Nikolov et al. 2018, arXiv:1809.04430; the 2D case of the authors' surface distance
 */
export function surfaceMetrics(mask: Mask, truth: Mask, options: ToleranceOptions = {}): SurfaceMetrics {
  const { sides, tolerance } = contours("surfaceMetrics", mask, truth, options);
  return summaryOf(sides, tolerance);
}

/**
 * Normalised surface distance of contours: the share of their length within the tolerance of the other one, in [0, 1].
 * Two empty masks agree (1); one empty mask gives 0.
 *
 * @throws ShapeError when the sizes differ
 */
export function surfaceNsd(mask: Mask, truth: Mask, options: ToleranceOptions = {}): number {
  const { sides, tolerance } = contours("surfaceNsd", mask, truth, options);
  return shareWithin(sides, tolerance);
}

/**
 * Hausdorff distance: the smallest one within which the given share of each contour's length lies, the larger of both ways.
 * Infinity when a mask is empty.
 *
 * @param options.percent - 100 is the farthest element, 95 (the default) forgives a few
 * @throws ShapeError when the sizes differ
 */
export function hausdorff(mask: Mask, truth: Mask, options: SurfaceOptions & { readonly percent?: number } = {}): number {
  const { sides, percent } = contours("hausdorff", mask, truth, options);
  return Math.max(reach(sides.mask, percent), reach(sides.truth, percent));
}

/** `hausdorff` at 95 percent. */
export const hd95 = (mask: Mask, truth: Mask, options: SurfaceOptions = {}): number => hausdorff(mask, truth, { ...options, percent: 95 });

/** `hausdorff` at 100 percent. */
export const hd100 = (mask: Mask, truth: Mask, options: SurfaceOptions = {}): number =>
  hausdorff(mask, truth, { ...options, percent: 100 });

/**
 * Average symmetric surface distance, the mean over the length of both contours.
 *
 * @throws ShapeError when the sizes differ
 */
export const assd = (mask: Mask, truth: Mask, options: SurfaceOptions = {}): number => surfaceMetrics(mask, truth, options).assd;

function contours(where: string, prediction: Mask, target: Mask, options: SurfaceOptions) {
  const { mask, truth } = checkedMasks(where, prediction, target);
  const { spacing, tolerance, percent } = checkedDistances(where, options);
  const [vertical, horizontal] = spacing;
  const corner = Math.hypot(vertical, horizontal) / 2;
  const lengthOf = [
    ...[0, corner, corner, horizontal], // 0; south east; south west; both: the contour runs along a row
    ...[corner, vertical, 2 * corner, corner], // north east; with south east; with south west; all but north west
    ...[corner, 2 * corner, vertical, corner], // the same with north west in place of north east
    ...[horizontal, corner, corner, 0], // both norths; three; three; four
  ];
  return { sides: surfaceElements(mask, truth, lengthOf, spacing), tolerance, percent };
}
