import {
  type AugmentedPicture,
  type CropRange,
  negativePairs,
  type PairBatch,
  type PairWorkers,
  type RegionSet,
  regionTargets,
} from "../../data/index.ts";
import { type ClipConfig, outputGrid } from "../../models/clip/index.ts";
import { gridOf } from "../../models/vit.ts";
import { uniform } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { TrainingPairs } from "./gradient.ts";
import { noisedViews } from "./noised-views.ts";

/** Additional supervision of a training beside its pairs. */
export interface SupervisionOptions {
  /** Remove captions that also describe another image of the batch from its negatives. */
  readonly maskNegatives: boolean;
  /** Outlined images. */
  readonly regions?: RegionSet | undefined;
  /** Whether noised views of them are used, too. */
  readonly noised?: boolean | undefined;
  /** Where the images are augmented: the probability of an empty crop, see `AugmentRequest`. */
  readonly augmentation?: { readonly emptyCrops: number } | undefined;
}

/** Identifies a batch of a training. */
export interface BatchPlace {
  readonly epoch: number;
  readonly seed: number;
  /** Crops of its images; undefined: centre crops. */
  readonly range?: CropRange | undefined;
}

/** Adds to batches which of their pairs are no negatives, which captions describe no empty crop, and what their outlined images show. */
export class Supervision {
  private constructor(
    private readonly options: SupervisionOptions,
    /** Token ids of the wordings of each phrase. */
    private readonly phrases: readonly (readonly (readonly number[])[])[],
    private readonly config: ClipConfig,
  ) {}

  static async open(options: SupervisionOptions, workers: PairWorkers, config: ClipConfig): Promise<Supervision> {
    const phrases = await Promise.all([...(options.regions?.phrases.values() ?? [])].map((wordings) => workers.encode(wordings)));
    return new Supervision(
      options,
      phrases.map((wordings) => wordings.map(({ ids }) => ids)),
      config,
    );
  }

  of(batch: PairBatch, { epoch, seed, range }: BatchPlace): TrainingPairs {
    const { maskNegatives, regions, noised, augmentation } = this.options;
    const { augmented } = batch;
    const { vision } = this.config;
    const grid = outputGrid(this.config);
    const step = `${epoch}/${batch.position}`;
    const crop = range && { epoch, seed, range };
    const targets = regions && regionTargets(batch.pairs, regions, { side: vision.imageSize, grid, crop }, augmented);
    const wording = uniform(`train/wording/${step}`, seed);
    const ids = this.phrases.map((wordings, i) => wordings[Math.floor(wording.at(i) * wordings.length)]!);
    return {
      ...batch,
      ...(maskNegatives && { negatives: negativePairs(batch.pairs, regions, augmented) }),
      // Of every batch where there can be empty crops, as graphs are made for the inputs that they have.
      ...(augmented && augmentation && augmentation.emptyCrops > 0 && { paired: pairedOf(augmented) }),
      ...(targets && {
        regions: { ...targets, ids, ...(noised && { noised: noisedViews(targets, { ...vision, grid: gridOf(vision), seed, step }) }) },
      }),
    };
  }
}

/** [B], 0 for empty crops, which their captions do not describe. */
function pairedOf(augmented: readonly AugmentedPicture[]): Tensor<"float32"> {
  const values = Float32Array.from(augmented, ({ isEmptyCrop }) => (isEmptyCrop ? 0 : 1));
  return tensor("float32", [augmented.length], values);
}
