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
  const all = saliency.data.slice().sort();
  if (Number.isNaN(all.at(-1))) return Number.NaN; // NaN comes last
  const target = valuesOn(mask, saliency.data).sort();
  const [inside, outside] = [target.length, all.length - target.length];
  let ranks = 0;
  for (let i = 0, k = 0; k < inside; ) {
    // Equal values share the mean of their ranks.
    const value = target[k]!;
    while (all[i]! < value) i++;
    let j = i;
    while (all[j] === value) j++;
    const first = k;
    while (target[k] === value) k++;
    ranks += ((k - first) * (i + j + 1)) / 2;
    i = j;
  }
  return inside > 0 && outside > 0 ? (ranks - (inside * (inside + 1)) / 2) / (inside * outside) : undefined;
}

/** The values at the pixels of a mask. */
function valuesOn(mask: Mask, values: Float32Array): Float32Array {
  const found = new Float32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (mask.data[i] !== 0) found[count++] = values[i]!;
  return found.subarray(0, count);
}

/**
 * The pointing game: whether the highest value of a map lies on the target; of several highest, which share of them does.
 *
 * @throws ShapeError when the sizes differ
 * @see Zhang et al. 2018, "Top-down Neural Attention by Excitation Backprop"
 */
export function pointing(saliency: SaliencyMap, mask: Mask): number {
  expectSameSize("pointing", saliency, mask);
  const { data } = saliency;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) highest = Math.max(highest, data[i]!);
  let [peaks, hits] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== highest) continue;
    peaks++;
    hits += mask.data[i]!;
  }
  return hits / peaks;
}
