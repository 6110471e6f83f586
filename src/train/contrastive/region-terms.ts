import { add, mul, substitute, type Value } from "../../graph/index.ts";
import { denseDiceLoss, denseLoss, labelLoss, presenceLoss } from "../../losses/index.ts";
import { type ClipConfig, denseFeatures, denseLogitParameters, patchFeatures, type VisionTower } from "../../models/clip/index.ts";
import type { NamedWeights } from "../../models/named-weights.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { inputOf, rowsOf } from "../feeds.ts";
import { type NoisedViews, noised } from "./noised-views.ts";
import { type ContrastiveSettings, readsDenseFeatures } from "./settings.ts";

/** Labels and coverage of P phrases in the images of a batch. */
export interface TrainingRegions {
  /** Token ids of each phrase, without padding. */
  readonly ids: readonly (readonly number[])[];
  /** [B, P], 1 where the image shows what the phrase names. */
  readonly labels: Tensor<"float32">;
  /** [B, P, T] for T cells of the finest grid that the model gives: how much of each it covers, in [0, 1]. */
  readonly coverage: Tensor<"float32">;
  /** [B, P], weights of the pairs in the multi-label and in the dense term; 0 for unlabelled pairs. With sum 1 the terms are means. */
  readonly labelWeights: Tensor<"float32">;
  readonly denseWeights: Tensor<"float32">;
  /** The same for the overlap of what is shown. */
  readonly shownWeights: Tensor<"float32">;
  /** The same images with noise in place of all tokens but some. */
  readonly noised?: NoisedViews | undefined;
}

/** The rows [from, to) of the region labels. The terms are sums over pairs, so those of the chunks of a batch add up. */
export function regionFeeds(regions: TrainingRegions, from: number, to: number, settings: ContrastiveSettings): Record<string, Tensor> {
  const { labels, labelWeights, coverage, denseWeights, shownWeights, noised: views } = regions;
  const { regionWeight, denseWeight, diceWeight, presenceWeight, noisedWeight } = settings;
  return {
    ...(regionWeight + presenceWeight > 0 && { labels: rowsOf(labels, from, to), labelWeights: rowsOf(labelWeights, from, to) }),
    ...(denseWeight + diceWeight > 0 && { coverage: rowsOf(coverage, from, to) }),
    ...(denseWeight > 0 && { denseWeights: rowsOf(denseWeights, from, to) }),
    ...(diceWeight > 0 && { shownWeights: rowsOf(shownWeights, from, to) }),
    ...(noisedWeight > 0 &&
      views && {
        keep: rowsOf(views.keep, from, to),
        noise: rowsOf(views.noise, from, to),
        noisedLabels: rowsOf(views.labels, from, to),
        noisedWeights: rowsOf(views.weights, from, to),
      }),
  };
}

/** Other arguments of the region terms. */
export interface RegionTermOptions {
  readonly config: ClipConfig;
  readonly settings: ContrastiveSettings;
  /** The block after which noise is added. */
  readonly block?: number | undefined;
}

/**
 * The region terms, times their weights.
 *
 * @param phrases - features of the phrases [P, E]
 * @param feeds - from `regionFeeds`; inputs of the same names are made
 * @returns a scalar
 */
export function regionTerms(
  tower: VisionTower,
  phrases: Value,
  feeds: Readonly<Record<string, Tensor>>,
  weights: NamedWeights,
  { config, settings, block }: RegionTermOptions,
): Value {
  const { regionWeight, denseWeight, diceWeight, presenceWeight, noisedWeight, regionScale: scale, regionBias: bias } = settings;
  const inputs = new Map(Object.keys(feeds).map((name) => [name, inputOf(feeds, name)]));
  const given = (name: string) => inputs.get(name)!;
  const terms: Value[] = [];
  if (regionWeight > 0) {
    const options = { scale, bias, weights: given("labelWeights") };
    terms.push(mul(labelLoss(tower.features, phrases, given("labels"), options), regionWeight));
  }
  if (readsDenseFeatures(settings)) {
    const logits = config.dense ? denseLogitParameters(weights) : { scale, bias };
    const grid = config.dense ? denseFeatures(tower, weights, config) : patchFeatures(tower, weights, config);
    const term = (loss: typeof denseLoss, truth: string, known: string) =>
      loss(grid, phrases, given(truth), { ...logits, weights: given(known) });
    if (denseWeight > 0) terms.push(mul(term(denseLoss, "coverage", "denseWeights"), denseWeight));
    if (diceWeight > 0) terms.push(mul(term(denseDiceLoss, "coverage", "shownWeights"), diceWeight));
    if (presenceWeight > 0) terms.push(mul(term(presenceLoss, "labels", "labelWeights"), presenceWeight));
  }
  if (feeds.keep && block !== undefined) {
    const hidden = tower.blocks[block]!;
    const view = substitute([tower.features], new Map([[hidden, noised(hidden, given("keep"), given("noise"))]]))[0]!;
    terms.push(mul(labelLoss(view, phrases, given("noisedLabels"), { scale, bias, weights: given("noisedWeights") }), noisedWeight));
  }
  return terms.reduce((sum, term) => add(sum, term));
}
