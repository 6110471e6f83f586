import type { MaskRuns } from "../image/index.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { AugmentedPicture } from "./batches.ts";
import { coverage } from "./coverage.ts";
import { mirroredPhrases } from "./mirrored-phrases.ts";
import { imageName, type Pair } from "./pairs.ts";
import type { Region, RegionSet } from "./regions.ts";
import { type CropRange, centrePart, cropDraws, randomCrop } from "./views.ts";

/** How the images of a batch were seen. */
export interface RegionView {
  /** Length of a view's sides in pixels. */
  readonly side: number;
  /** Patches along a side. */
  readonly grid: number;
  /** As for the pictures; without it the middle is seen. */
  readonly crop?: { readonly epoch: number; readonly seed: number; readonly range: CropRange } | undefined;
  /** How much an absent structure weighs in the dense term against one that is shown; default 1. */
  readonly emptyWeight?: number | undefined;
}

/** Targets of the region terms for a batch of B pairs, P phrases in their order, and T patches. */
export interface RegionTargets {
  /** [B, P], 1 where the view shows some of what the phrase names. */
  readonly labels: Tensor<"float32">;
  /** [B, P, T], how much of each patch it covers, in [0, 1]. */
  readonly coverage: Tensor<"float32">;
  /** [B, P] for the multi-label and the dense term, each with the sum 1; 0 where nothing is known. */
  readonly labelWeights: Tensor<"float32">;
  readonly denseWeights: Tensor<"float32">;
  /** [B, P] with the sum 1, for what the views show alone. */
  readonly shownWeights: Tensor<"float32">;
}

/**
 * The regions of a batch as the model sees them: masks follow the crop of their image, and what the crop cuts off is not shown.
 *
 * @param augmented - how the pictures of the pairs were augmented, if they were
 * @returns undefined where nothing is known of any image of the batch
 */
export function regionTargets(
  pairs: readonly Pair[],
  { images, phrases }: RegionSet,
  view: RegionView,
  augmented?: readonly AugmentedPicture[],
): RegionTargets | undefined {
  const { side, grid, crop, emptyWeight = 1 } = view;
  const [count, patches] = [phrases.size, grid * grid];
  const order = new Map([...phrases.keys()].map((phrase, i) => [phrase, i]));
  const mirrored = mirroredPhrases(phrases);
  const labels = new Float32Array(pairs.length * count);
  const covered = new Float32Array(labels.length * patches);
  const cellsSeen = (outline: MaskRuns, key: string) => {
    const part = crop ? randomCrop(outline, cropDraws(key, crop.epoch, crop.seed), crop.range).box : centrePart(outline, side);
    return coverage(outline, part, grid);
  };
  const [labelWeights, denseWeights] = [new Float32Array(labels.length), new Float32Array(labels.length)];
  for (const [i, { key, image }] of pairs.entries()) {
    const regions = images.get(imageName(image)) ?? [];
    const picture = augmented?.[i];
    const outlines = outlinesOf(regions);
    for (const { phrase, outline } of regions) {
      const named = picture?.isMirrored ? mirrored.get(phrase) : phrase;
      if (named === undefined) continue;
      const index = order.get(named)!;
      const at = i * count + index;
      if (outline) {
        const cells = picture ? cellsOf(picture, outlines.indexOf(outline), patches) : cellsSeen(outline, key);
        covered.set(cells, at * patches);
        if (cells.some((cell) => cell > 0)) labels[at] = 1;
      }
      labelWeights[at] = 1;
      denseWeights[at] = labels[at] === 1 ? 1 : emptyWeight;
    }
  }
  if (!labelWeights.some((weight) => weight > 0)) return undefined;
  const matrix = (data: Float32Array<ArrayBuffer>) => tensor("float32", [pairs.length, count], data);
  return {
    labels: matrix(labels),
    coverage: tensor("float32", [pairs.length, count, patches], covered),
    labelWeights: matrix(shares(labelWeights)),
    denseWeights: matrix(shares(denseWeights)),
    shownWeights: matrix(shares(labels)),
  };
}

/** The different outlines of an image, in the order in which its augmented picture has them. */
export function outlinesOf(regions: readonly Region[]): MaskRuns[] {
  return [...new Set(regions.flatMap(({ outline }) => outline ?? []))];
}

const cellsOf = ({ coverage }: AugmentedPicture, outline: number, cells: number): Float32Array =>
  coverage.subarray(outline * cells, (outline + 1) * cells);

/** Whether an augmented picture shows some of an outline. @param outlines - how many the image has */
export function showsOutline(picture: AugmentedPicture, outline: number, outlines: number): boolean {
  return cellsOf(picture, outline, picture.coverage.length / outlines).some((cell) => cell > 0);
}

/** Divided by their sum; all 0 where that is 0. */
function shares(weights: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum > 0 ? weights.map((weight) => weight / sum) : weights;
}
