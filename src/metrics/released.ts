import type { GrayImage, Mask } from "../image/types.ts";
import { expectSameSize } from "./_checked.ts";
import { nsd } from "./nsd.ts";
import { dsc, overlap } from "./overlap.ts";

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
  const mask = data.map((level) => (level > releasedThreshold ? 1 : 0));
  const largest = data.reduce((most, level) => Math.max(most, level), 0);
  const isLost = largest > 0 && largest <= releasedThreshold;
  const warning = `empty in reference mode, where levels above ${releasedThreshold} are foreground: its largest value is ${largest}`;
  return { mask: { width, height, data: mask }, warnings: isLost ? [warning] : [] };
}

/** Whether the released evaluation stops on a pair: neither mask has more than one value. @throws ShapeError when the sizes differ */
export function releasedAborts(mask: Mask, truth: Mask): boolean {
  const { maskPx, truthPx } = overlap(mask, truth);
  const hasLabel = (pixels: number) => pixels > 0 && pixels < mask.data.length;
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
  if (releasedAborts(mask, target)) return { outcome: "aborts" };
  const { maskPx, truthPx } = overlap(mask, target);
  const scores = maskPx === 0 || truthPx === 0 ? { dsc: 0, nsd: 0 } : { dsc: dsc(mask, target), nsd: nsd(mask, target) };
  return { outcome: "ok", ...scores, dscRounded: toFourDecimals(scores.dsc), nsdRounded: toFourDecimals(scores.nsd) };
}

const toFourDecimals = (value: number): number => Math.round(value * 1e4) / 1e4;
