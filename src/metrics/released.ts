import { atLeast } from "../image/at-least.ts";
import { dscOf, type Overlap, overlap } from "../image/mask-overlap.ts";
import type { GrayImage, Mask } from "../image/types.ts";
import { expectSameSize } from "./_checked.ts";
import { nsd } from "./nsd.ts";

/** The result of the released evaluation for a pair. */
export type ReleasedScores =
  | { readonly outcome: "aborts" }
  | {
      readonly outcome: "ok";
      readonly dsc: number;
      readonly nsd: number;
      /** To four decimals, as the tool does before it takes the mean over images. */
      readonly dscRounded: number;
      readonly nsdRounded: number;
    };

/** A level is foreground above this one. */
const releasedThreshold = 200;

/** A picture as the released evaluation binarises it; a warning where nothing is left of one that is not black. */
export function releasedMask({ width, height, data }: GrayImage): { readonly mask: Mask; readonly warnings: readonly string[] } {
  const mask = { width, height, data: atLeast(data, releasedThreshold + 1) };
  const largest = mask.data.includes(1) ? 0 : largestOf(data);
  if (largest === 0) return { mask, warnings: [] };
  const warning = `empty in reference mode, where levels above ${releasedThreshold} are foreground: its largest value is ${largest}`;
  return { mask, warnings: [warning] };
}

function largestOf(levels: Uint8Array): number {
  let largest = 0;
  for (let i = 0; i < levels.length; i++) if (levels[i]! > largest) largest = levels[i]!;
  return largest;
}

/** Whether the released evaluation stops on a pair of masks with so many pixels each: neither has more than one value. */
export function releasedAborts({ maskPx, truthPx }: Overlap, pixels: number): boolean {
  const hasLabel = (count: number) => count > 0 && count < pixels;
  return !hasLabel(maskPx) && !hasLabel(truthPx);
}

/**
 * The scores of one pair by the released evaluation protocol, to compare with published numbers.
 *
 * It binarises at > 200 (so a mask of 0 and 1 scores 0), takes as labels the distinct values of each picture but its smallest, and stops
 * with an assertion when there are none: two empty masks, two full ones, and full against empty all end the run. NSD is the area form (`nsd`).
 *
 * @param pred - already resized to the ground truth by nearest neighbour, as the tool does
 * @throws ShapeError when the sizes differ
 */
export function releasedScores(pred: GrayImage, truth: GrayImage): ReleasedScores {
  expectSameSize("releasedScores", pred, truth);
  const [{ mask }, { mask: target }] = [releasedMask(pred), releasedMask(truth)];
  const shared = overlap(mask, target);
  if (releasedAborts(shared, mask.data.length)) return { outcome: "aborts" };
  const isEmpty = shared.maskPx === 0 || shared.truthPx === 0;
  const scores = isEmpty ? { dsc: 0, nsd: 0 } : { dsc: dscOf(shared), nsd: nsd(mask, target) };
  return { outcome: "ok", ...scores, dscRounded: toFourDecimals(scores.dsc), nsdRounded: toFourDecimals(scores.nsd) };
}

const toFourDecimals = (value: number): number => Math.round(value * 1e4) / 1e4;
