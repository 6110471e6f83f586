import type { Mask } from "../image/types.ts";
import { expectSameSize } from "./_checked.ts";
import type { EnsembleResult } from "./ensemble.ts";
import type { EntropyMap } from "./entropy.ts";

/** How an ensemble becomes a mask and a score: as the paper means it, or as the released tool does (`released.ts`). */
export const uncertaintyModes = {
  paper: { threshold: 0.5 },
  /** The released tool's threshold, chosen for pseudo-labels of breast tumours. */
  reference: { threshold: 0.2 },
} as const;

/** How uncertain the segmentation of one image is, by several measures. */
export interface ImageScores {
  /** 100 times the entropy of the image for each edge pixel of its mask (`edgeScore`). */
  readonly edgeScore: number;
  /** Bits a pixel, over the image. It grows with the size of the target. */
  readonly meanEntropy: number;
  /** Bits a pixel of the mask; null for an empty mask. */
  readonly foregroundEntropy: number | null;
  /** Bits a pixel, over the image. */
  readonly meanMutualInformation: number;
  /** Agreement of the members in [0, 1], the only one that is low where the image is uncertain; null for one member. */
  readonly pairwiseDice: number | null;
}

/** For each measure, how uncertain an image is: larger is worse, null is unknown. */
export const uncertaintyMeasures = {
  pairwiseDice: ({ pairwiseDice }: ImageScores) => (pairwiseDice === null ? null : 1 - pairwiseDice),
  edgeScore: ({ edgeScore }: ImageScores) => edgeScore,
  meanEntropy: ({ meanEntropy }: ImageScores) => meanEntropy,
  foregroundEntropy: ({ foregroundEntropy }: ImageScores) => foregroundEntropy,
  meanMutualInformation: ({ meanMutualInformation }: ImageScores) => meanMutualInformation,
} as const satisfies Record<keyof ImageScores, (scores: ImageScores) => number | null>;

/** The name of a measure of uncertainty. */
export type UncertaintyMeasure = keyof typeof uncertaintyMeasures;

/** All measures of one image. @param mask - of the mean (`foregroundMask`). @throws ShapeError when the sizes differ */
export function imageScores(result: EnsembleResult, mask: Mask): ImageScores {
  const { entropy, mutualInformation, pairwiseDice } = result;
  return {
    edgeScore: edgeScore(entropy, mask),
    meanEntropy: mean(entropy),
    foregroundEntropy: meanInForeground(entropy, mask),
    meanMutualInformation: mean(mutualInformation),
    pairwiseDice,
  };
}

const mean = (map: EntropyMap): number => sumOf(map.data) / map.data.length;

/** Mean of a map over a mask; null for an empty mask. @throws ShapeError when the sizes differ */
export function meanInForeground(map: EntropyMap, mask: Mask): number | null {
  expectSameSize("meanInForeground", "a mask", mask, map);
  let [sum, areaPx] = [0, 0];
  for (let i = 0; i < map.data.length; i++) {
    if (mask.data[i] === 0) continue;
    sum += map.data[i]!;
    areaPx++;
  }
  return areaPx === 0 ? null : sum / areaPx;
}

/**
 * The paper's score of an image: 100 · Σ map / number of edge pixels of its mask. A larger target has a longer edge, where entropy is expected.
 *
 * A mask without an edge (empty, or the whole image) counts as one edge pixel: it scores 0 if the members are certain, and high if they
 * are not. The released tool counts 255 for each edge pixel, and divides by 0 for these masks (`releasedScore`).
 *
 * @throws ShapeError when the sizes differ
 */
export function edgeScore(map: EntropyMap, mask: Mask): number {
  expectSameSize("edgeScore", "a mask", mask, map);
  return (100 * sumOf(map.data)) / Math.max(1, sumOf(edgeOf(mask).data));
}

/** Edge pixels of a mask: those outside of it with one of their 8 neighbours inside (dilation by 3 x 3 less the mask). */
export function edgeOf({ width, height, data: mask }: Mask): Mask {
  const data = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x] === 0) continue;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) if (mask[v * width + u] === 0) data[v * width + u] = 1;
    }
  }
  return { width, height, data };
}

/** Sum of an array, in float64. */
export function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}
