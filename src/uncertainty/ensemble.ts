import { ConfigError, InputError } from "../errors.ts";
import { type ClassMaps, type MapKind, probabilitiesOf } from "../image/class-maps.ts";
import { expectMaps, type MapShape } from "./_checked.ts";
import { addEntropy, type EntropyMap, entropyMapOf } from "./entropy.ts";
import { checkedThreshold, type MaskBits, maskBits, meanPairwiseDice } from "./member-masks.ts";

/**
 * Running sums over the members of an ensemble for one image. Plain data, so that a run can store it between members.
 *
 * Memory: 8 (K + 1) bytes a pixel, whatever the number of members, and a bit for each pixel, foreground and member for their agreement.
 */
export interface Ensemble<K extends MapKind = MapKind> extends MapShape {
  /** What is averaged; softmax or sigmoid follow the mean of logits, and precede the mean of probabilities. */
  readonly meanOf: K;
  /** Of the members' masks. */
  readonly threshold: number;
  /** Σ over members, [K, H, W]. */
  readonly sum: Float64Array;
  /** Σ over members of the entropy of their probabilities in bits, [H, W]. */
  readonly entropySum: Float64Array;
  /** The members' masks. */
  readonly masks: MaskBits[];
}

/** What an ensemble says about one image. */
export interface EnsembleResult {
  readonly members: number;
  readonly mean: ClassMaps<"probabilities">;
  /** H(mean): the entropy of the mean. */
  readonly entropy: EntropyMap;
  /** mean(H): what each member is unsure about by itself. */
  readonly expectedEntropy: EntropyMap;
  /** H(mean) - mean(H), at least 0: what the members disagree on. */
  readonly mutualInformation: EntropyMap;
  /** Mean DSC over pairs of members, null for one member (`meanPairwiseDice`). */
  readonly pairwiseDice: number | null;
}

/**
 * An ensemble without members. Members may be checkpoints, networks of several seeds, or mirrored inputs.
 *
 * @param options.meanOf - "probabilities" (default), or "logits": the geometric mean of the probabilities, which one certain member can decide
 * @param options.threshold - of the members' masks (`foregroundMask`); default 0.5
 * @throws ConfigError for a threshold outside of [0, 1), and for a single exclusive class
 */
export function startEnsemble<K extends MapKind = "probabilities">(
  shape: MapShape,
  options: { readonly meanOf?: K; readonly threshold?: number } = {},
): Ensemble<K> {
  const { count, areExclusive, width, height } = shape;
  const threshold = checkedThreshold(options.threshold ?? 0.5, "startEnsemble");
  if (count < (areExclusive ? 2 : 1)) throw new ConfigError(`startEnsemble: at least two classes or one region are needed, got ${count}.`);
  return {
    ...{ count, areExclusive, width, height, threshold, masks: [] },
    meanOf: options.meanOf ?? ("probabilities" as K),
    sum: new Float64Array(count * width * height),
    entropySum: new Float64Array(width * height),
  };
}

/**
 * Adds one member's maps to the sums; they are not needed afterwards.
 *
 * @throws ShapeError for maps of another shape; InputError for values that are not finite, and probabilities outside of [0, 1]
 */
export function addMember<K extends MapKind>(ensemble: Ensemble<K>, maps: ClassMaps<K>): void {
  expectMaps("addMember", maps, ensemble);
  if (maps.kind !== ensemble.meanOf) throw new InputError(`addMember: the mean is of ${ensemble.meanOf}, got ${maps.kind}.`);
  const probabilities = isLogits(maps) ? probabilitiesOf(maps) : (maps as ClassMaps<"probabilities">);
  const wrong = probabilities.data.findIndex((p) => p < -rounding || p > 1 + rounding);
  if (wrong >= 0) throw new InputError(`addMember: probabilities must be in [0, 1], got ${probabilities.data[wrong]}. Are they logits?`);
  for (let i = 0; i < maps.data.length; i++) ensemble.sum[i]! += maps.data[i]!;
  addEntropy(probabilities.data, 1, ensemble, ensemble.entropySum);
  ensemble.masks.push(maskBits(probabilities, ensemble.threshold));
}

/** How far a probability may lie outside of [0, 1], because of rounding in float32. */
const rounding = 1e-5;

const isLogits = (maps: ClassMaps): maps is ClassMaps<"logits"> => maps.kind === "logits";

/**
 * The mean of the members, its entropy, and how far they disagree.
 *
 * With a mean of logits, H(mean) may be below mean(H); mutual information is then 0.
 *
 * @throws InputError without a member
 * @see Depeweg et al. 2018, arXiv:1710.07283, for the parts of the entropy
 */
export function ensembleResult(ensemble: Ensemble): EnsembleResult {
  const { count, areExclusive, width, height, sum, entropySum, masks } = ensemble;
  const members = masks.length;
  if (members === 0) throw new InputError("ensembleResult: the ensemble has no members. Call addMember for each.");
  const shape = { count, areExclusive, width, height };
  const average = { ...shape, data: new Float32Array(sum.map((value) => value / members)) };
  const mean: ClassMaps<"probabilities"> =
    ensemble.meanOf === "logits" ? probabilitiesOf({ ...average, kind: "logits" }) : { ...average, kind: "probabilities" };
  const bits = new Float64Array(width * height);
  if (ensemble.meanOf === "logits") addEntropy(mean.data, 1, shape, bits);
  else addEntropy(sum, 1 / members, shape, bits); // in float64, as the difference of two entropies is small
  return {
    members,
    mean,
    entropy: entropyMapOf(bits, shape),
    expectedEntropy: entropyMapOf(
      entropySum.map((value) => value / members),
      shape,
    ),
    mutualInformation: entropyMapOf(
      bits.map((value, i) => value - entropySum[i]! / members),
      shape,
    ),
    pairwiseDice: meanPairwiseDice(masks),
  };
}
