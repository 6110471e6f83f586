import { type Tensor, tensor } from "../tensor/tensor.ts";
import { coverage } from "./outline.ts";
import { imageName, type Pair } from "./pairs.ts";
import type { RegionSet } from "./regions.ts";
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
}

/**
 * The regions of a batch as the model sees them: masks follow the crop of their image, and what the crop cuts off is not shown.
 *
 * @returns undefined where nothing is known of any image of the batch
 */
export function regionTargets(pairs: readonly Pair[], { images, phrases }: RegionSet, view: RegionView): RegionTargets | undefined {
  const { side, grid, crop, emptyWeight = 1 } = view;
  const [count, patches] = [phrases.size, grid * grid];
  const order = new Map([...phrases.keys()].map((phrase, i) => [phrase, i]));
  const labels = new Float32Array(pairs.length * count);
  const covered = new Float32Array(labels.length * patches);
  const [labelWeights, denseWeights] = [new Float32Array(labels.length), new Float32Array(labels.length)];
  for (const [i, { key, image }] of pairs.entries()) {
    for (const { phrase, outline } of images.get(imageName(image)) ?? []) {
      const at = i * count + order.get(phrase)!;
      if (outline) {
        const part = crop ? randomCrop(outline, cropDraws(key, crop.epoch, crop.seed), crop.range).box : centrePart(outline, side);
        const cells = coverage(outline, part, grid);
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
  };
}

/** Divided by their sum; all 0 where that is 0. */
function shares(weights: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum > 0 ? weights.map((weight) => weight / sum) : weights;
}
