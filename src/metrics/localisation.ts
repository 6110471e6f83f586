import type { Mask, SaliencyMap } from "../image/index.ts";
import { expectSameSize } from "./_checked.ts";

/**
 * How well the values of a map separate a target from the rest: the probability that a pixel of the target has a higher value than one
 * outside it, ties counting half (area under the ROC curve). 0.5 is chance. No threshold is needed.
 *
 * @returns in [0, 1]; undefined where the mask is empty or full
 * @throws ShapeError when the sizes differ
 */
export function rocAuc(saliency: SaliencyMap, mask: Mask): number | undefined {
  expectSameSize("rocAuc", saliency, mask);
  const order = Uint32Array.from(saliency.data, (_, i) => i).sort((a, b) => saliency.data[a]! - saliency.data[b]!);
  let [ranks, inside] = [0, 0];
  for (let i = 0; i < order.length; ) {
    // Equal values share the mean of their ranks.
    let j = i;
    let found = 0;
    for (; j < order.length && saliency.data[order[j]!] === saliency.data[order[i]!]; j++) found += mask.data[order[j]!]!;
    ranks += (found * (i + j + 1)) / 2;
    inside += found;
    i = j;
  }
  const outside = order.length - inside;
  return inside > 0 && outside > 0 ? (ranks - (inside * (inside + 1)) / 2) / (inside * outside) : undefined;
}

/**
 * The pointing game: whether the highest value of a map lies on the target; of several highest, which share of them does.
 *
 * @throws ShapeError when the sizes differ
 * @see Zhang et al. 2018, "Top-down Neural Attention by Excitation Backprop"
 */
export function pointing(saliency: SaliencyMap, mask: Mask): number {
  expectSameSize("pointing", saliency, mask);
  const highest = saliency.data.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  let [peaks, hits] = [0, 0];
  for (const [i, value] of saliency.data.entries()) {
    if (value !== highest) continue;
    peaks++;
    hits += mask.data[i]!;
  }
  return hits / peaks;
}
