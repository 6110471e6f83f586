import { described } from "../../check/described.ts";
import { InputError } from "../../errors.ts";
import { mean, median } from "../statistics.ts";

/**
 * Where the true candidate stands among equal ones.
 *
 * - `stable`: behind those with a smaller index, as a stable descending sort puts it; what open_clip reports.
 * - `optimistic`: before all of them.
 * - `pessimistic`: behind all of them.
 */
export type Ties = "stable" | "optimistic" | "pessimistic";

/** Whether a candidate as similar as the true one, at `other` where the true one is at `own`, stands before it. */
export const isAhead: Record<Ties, (other: number, own: number) => boolean> = {
  stable: (other, own) => other < own,
  optimistic: () => false,
  pessimistic: () => true,
};

/** Ranks from 1 on of the true candidates, in both directions. */
export interface PairRanks {
  readonly imageToText: Int32Array;
  readonly textToImage: Int32Array;
}

/**
 * Ranks of the diagonal of a similarity matrix: 1 + the candidates that are more similar + the equal ones that stand before.
 *
 * @param similarity - [N, N], row i an image, column j a text; pairs have equal indices
 */
export function ranksOf(similarity: ArrayLike<number>, count: number, ties: Ties = "stable"): PairRanks {
  const imageToText = new Int32Array(count).fill(1);
  const textToImage = new Int32Array(count).fill(1);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      if (i === j) continue;
      const value = similarity[i * count + j]!;
      if (isBefore(value, j, similarity[i * count + i]!, i, ties)) imageToText[i]!++;
      if (isBefore(value, i, similarity[j * count + j]!, j, ties)) textToImage[j]!++;
    }
  }
  return { imageToText, textToImage };
}

function isBefore(value: number, at: number, own: number, ownAt: number, ties: Ties): boolean {
  return value > own || (value === own && isAhead[ties](at, ownAt));
}

/** Ranks of a whole set in a few numbers. */
export interface RankSummary {
  /** Share of queries whose true candidate is among the first k, by k. */
  readonly recall: Readonly<Record<1 | 5 | 10, number>>;
  readonly meanRank: number;
  readonly medianRank: number;
  /** As open_clip's trainer reports it: the median of the ranks from 0 on, rounded down, plus 1. */
  readonly medianRankOpenClip: number;
}

/** Recalls and middle ranks. @throws InputError when there are no ranks, or some are below 1 */
export function summariseRanks(ranks: Int32Array): RankSummary {
  const isList = ArrayBuffer.isView(ranks) || Array.isArray(ranks);
  if (!isList || ranks.length === 0 || !Array.from(ranks).every((rank) => Number.isInteger(rank) && rank >= 1))
    throw new InputError(`summariseRanks: ranks from 1 on were expected, got ${described(ranks)}.`);
  const values = Array.from(ranks);
  const recall = (k: number) => values.filter((rank) => rank <= k).length / values.length;
  const middle = median(values);
  return {
    recall: { 1: recall(1), 5: recall(5), 10: recall(10) },
    meanRank: mean(values),
    medianRank: middle,
    medianRankOpenClip: Math.floor(middle - 1) + 1,
  };
}
