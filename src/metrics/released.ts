import type { GrayImage, Mask } from "../image/types.ts";
import { expectSameSize } from "./_same-size.ts";
import { nsd } from "./nsd.ts";
import { dsc, overlap } from "./overlap.ts";

/** What the released evaluation makes of a pair. */
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

/** A level of a mask file is foreground above this one. */
export const releasedThreshold = 200;

/**
 * The scores of one pair by the released evaluation protocol, to compare with published numbers.
 *
 * It binarises at > 200 (so a mask of 0 and 1 scores 0), takes as labels the distinct values of each picture but its smallest, and stops
 * with an assertion when there are none: two empty masks, two full ones, and full against empty all end the run. NSD is the area form (`nsd`).
 *
 * @param pred - already resized to the truth by nearest neighbour, as the tool does
 * @throws ShapeError when the sizes differ
 */
export function releasedScores(pred: GrayImage, truth: GrayImage): ReleasedScores {
  expectSameSize("releasedScores", pred, truth);
  const [mask, target] = [binarise(pred), binarise(truth)];
  const { maskPx, truthPx } = overlap(mask, target);
  const hasLabel = (pixels: number) => pixels > 0 && pixels < mask.data.length;
  if (!hasLabel(maskPx) && !hasLabel(truthPx)) return { outcome: "aborts" };
  const scores = maskPx === 0 || truthPx === 0 ? { dsc: 0, nsd: 0 } : { dsc: dsc(mask, target), nsd: nsd(mask, target) };
  return { outcome: "ok", ...scores, dscRounded: toFourDecimals(scores.dsc), nsdRounded: toFourDecimals(scores.nsd) };
}

const binarise = ({ width, height, data }: GrayImage): Mask => ({
  width,
  height,
  data: data.map((value) => (value > releasedThreshold ? 1 : 0)),
});

const toFourDecimals = (value: number): number => Math.round(value * 1e4) / 1e4;
