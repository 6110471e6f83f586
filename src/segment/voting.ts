/**
 * Votes over the three candidate masks that SAM gives for one prompt (the part, the whole and something between):
 * one map of agreement in [0, 1]. A pixel belongs to the mask where the map is above 0.5.
 */
import { ShapeError } from "../errors.ts";
import type { Mask, SaliencyMap } from "../image/index.ts";
import { above, unionOf } from "./postprocess.ts";

/** Candidates for one prompt, all of one size, with the score of each. */
export interface Candidates {
  readonly masks: readonly Mask[];
  readonly scores: ArrayLike<number>;
}

/** Joins candidates into a map of agreement in [0, 1]. */
export type VoteRule = (candidates: Candidates) => SaliencyMap;

/** The share of candidates that a pixel is in. */
function average({ masks }: Candidates): SaliencyMap {
  return mapLike(masks, (volumes) => [mean(volumes.map((volume) => [volume]))[0]!]);
}

/**
 * Candidates weighted by their scores, stretched to [0, 1] (mask refinement module).
 *
 * @remarks Where all candidates agree on every pixel there is nothing to stretch and the published formula divides by zero;
 *   here the map is then that common mask.
 */
function mrm({ masks, scores }: Candidates): SaliencyMap {
  return mapLike(masks, (volumes) =>
    minMax(
      weightedSum(
        volumes.map((volume) => [volume]),
        (candidate) => scores[candidate]!,
      ),
    ),
  );
}

/**
 * Simultaneous truth and performance level estimation: each candidate is taken for a rater whose sensitivity and specificity
 * are found together with the probability of the truth, by expectation maximisation.
 *
 * @see Warfield et al. 2004, doi:10.1109/TMI.2004.828354
 */
function staple({ masks }: Candidates): SaliencyMap {
  return mapLike(masks, (volumes) => estimateTruth(volumes.map((volume) => [volume])));
}

/** The vote rules by the names users give. */
export const voteRules = { average, mrm, staple } as const satisfies Record<string, VoteRule>;
export type VoteRuleName = keyof typeof voteRules;

/** The mask that the candidates of one prompt agree on. */
export function votedMask(candidates: Candidates, rule: VoteRuleName): Mask {
  return above(voteRules[rule](candidates), 0.5);
}

/**
 * What the released scripts compute for box prompts: each rule runs over the **boxes** instead of the candidates, first candidates
 * with first candidates and so on; the three maps are added and cut off at 1. For one box this is the union of its candidates.
 *
 * @param boxes - the candidates of each box
 */
export function releasedVote(boxes: readonly Candidates[], rule: VoteRuleName): SaliencyMap {
  // [boxes][planes][pixels]
  const volumes = boxes.map(({ masks }) => masks.map(({ data }) => data));
  return mapLike(
    boxes.flatMap(({ masks }) => masks),
    () => {
      const planes = releasedRules[rule](volumes, boxes);
      const sum = new Float64Array(planes[0]!.length);
      for (const plane of planes) for (let i = 0; i < sum.length; i++) sum[i] = Math.min(sum[i]! + plane[i]!, 1);
      return [sum];
    },
  );
}

/** The mask of the released rule over all boxes. */
export function releasedVotedMask(boxes: readonly Candidates[], rule: VoteRuleName): Mask {
  return above(releasedVote(boxes, rule), 0.5);
}

/** The masks of several prompts, each agreed on by its own candidates, joined. */
export function votedUnion(prompts: readonly Candidates[], rule: VoteRuleName): Mask {
  return unionOf(prompts.map((candidates) => votedMask(candidates, rule)));
}

/** Votes of several raters on several planes of pixels: [raters][planes][pixels]. The rules below give [planes][pixels]. */
type Votes = readonly (readonly ArrayLike<number>[])[];

const releasedRules: Record<VoteRuleName, (votes: Votes, boxes: readonly Candidates[]) => Float64Array[]> = {
  average: mean,
  mrm: (votes, boxes) => minMax(weightedSum(votes, (box, plane) => boxes[box]!.scores[plane]!)),
  staple: estimateTruth,
};

function mean(votes: Votes): Float64Array[] {
  return weightedSum(votes, () => 1 / votes.length);
}

function weightedSum(votes: Votes, weight: (rater: number, plane: number) => number): Float64Array[] {
  return votes[0]!.map((first, plane) => {
    const sum = new Float64Array(first.length);
    votes.forEach((planes, rater) => {
      const w = weight(rater, plane);
      for (let i = 0; i < sum.length; i++) sum[i]! += planes[plane]![i]! * w;
    });
    return sum;
  });
}

/** All planes together stretched to [0, 1]; a constant becomes 0 or 1. */
function minMax(planes: Float64Array[]): Float64Array[] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const plane of planes) {
    for (const value of plane) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return planes.map((plane) => plane.map((value) => (high > low ? (value - low) / (high - low) : value > 0 ? 1 : 0)));
}

/**
 * With p and q the sensitivity and specificity of rater r, and π the share of all votes that are 1:
 *
 *   p_r = Σ_i truth_i vote_ri / Σ_i truth_i,                                 q_r = Σ_i (1 - truth_i)(1 - vote_ri) / Σ_i (1 - truth_i)
 *   truth_i = a / (a + b),   a = π Π_r (p_r where r says 1, else 1 - p_r),   b = (1 - π) Π_r (1 - q_r where r says 1, else q_r)
 *
 * The truth starts as the share of raters that say 1. Each round ends with a new truth; the last is the one in which no p and no q moves
 * by more than 1e-7. Start, order and end are those of ITK's filter, so that equal votes give equal probabilities even where the
 * estimate creeps and every other end is seen in the fifth digit.
 *
 * Pixels with the same votes have the same truth, so each pattern of votes is computed once with the number of its pixels.
 */
function estimateTruth(votes: Votes): Float64Array[] {
  const raters = votes.length;
  // A single rater has nothing to be compared with and is trusted.
  if (raters === 1) return votes[0]!.map((plane) => Float64Array.from(plane));
  const patterns = new Map<string, { votes: number[]; count: number; truth: number }>();
  const keys = votes[0]!.map((first, plane) =>
    Array.from(first, (_, i) => {
      const key = votes.map((planes) => planes[plane]![i]!);
      const name = key.join("");
      const known = patterns.get(name);
      if (known) known.count++;
      else patterns.set(name, { votes: key, count: 1, truth: key.reduce((a, b) => a + b, 0) / raters });
      return name;
    }),
  );
  const all = [...patterns.values()];
  const pixels = all.reduce((sum, { count }) => sum + count, 0);
  const prior = all.reduce((sum, { count, truth }) => sum + count * truth, 0) / pixels;
  // No rater, or every rater, says 1 everywhere: the truth is known, and there would be nothing to divide by.
  if (prior === 0 || prior === 1) return keys.map((plane) => new Float64Array(plane.length).fill(prior));
  const sensitivity = new Array<number>(raters).fill(Number.POSITIVE_INFINITY);
  const specificity = new Array<number>(raters).fill(Number.POSITIVE_INFINITY);
  let largestMove = Number.POSITIVE_INFINITY;
  while (largestMove > SMALLEST_MOVE) {
    largestMove = 0;
    const positive = all.reduce((sum, { count, truth }) => sum + count * truth, 0);
    for (let r = 0; r < raters; r++) {
      const hits = all.reduce((sum, pattern) => sum + pattern.count * pattern.truth * pattern.votes[r]!, 0);
      const rejections = all.reduce((sum, pattern) => sum + pattern.count * (1 - pattern.truth) * (1 - pattern.votes[r]!), 0);
      const [p, q] = [hits / positive, rejections / (pixels - positive)];
      largestMove = Math.max(largestMove, Math.abs(p - sensitivity[r]!), Math.abs(q - specificity[r]!));
      [sensitivity[r], specificity[r]] = [p, q];
    }
    for (const pattern of all) {
      let [a, b] = [prior, 1 - prior];
      pattern.votes.forEach((vote, r) => {
        a *= vote ? sensitivity[r]! : 1 - sensitivity[r]!;
        b *= vote ? 1 - specificity[r]! : specificity[r]!;
      });
      pattern.truth = a / (a + b);
    }
  }
  return keys.map((plane) => Float64Array.from(plane, (name) => patterns.get(name)!.truth));
}

/** ITK compares squared moves with 1e-14. */
const SMALLEST_MOVE = 1e-7;

/** Runs a rule on the pixels of masks of one size and gives its first plane the same size. */
function mapLike(masks: readonly Mask[], rule: (volumes: readonly Uint8Array[]) => Float64Array[]): SaliencyMap {
  const [first] = masks;
  if (!first) throw new ShapeError("vote: at least one candidate is needed");
  for (const { width, height } of masks) {
    if (width !== first.width || height !== first.height) {
      throw new ShapeError(`vote: candidates must have one size, got ${first.width} x ${first.height} and ${width} x ${height}`);
    }
  }
  const [plane] = rule(masks.map(({ data }) => data));
  return { width: first.width, height: first.height, data: Float32Array.from(plane!) };
}
