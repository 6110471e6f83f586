import { type CropRange, negativePairs, type PairBatch, type PairWorkers, type RegionSet, regionTargets } from "../data/index.ts";
import type { BiomedClipConfig } from "../models/biomedclip/index.ts";
import { gridOf } from "../models/vit.ts";
import type { TrainingPairs } from "./contrastive-gradient.ts";

/** What a training is told beside its pairs. */
export interface SupervisionOptions {
  /** Leave captions that also hold for another image of their batch out of its negatives. */
  readonly maskNegatives: boolean;
  /** Outlined images. */
  readonly regions?: RegionSet | undefined;
}

/** Adds to batches which of their pairs are no negatives, and what their outlined images show. */
export class Supervision {
  private constructor(
    private readonly options: SupervisionOptions,
    /** Token ids by phrase. */
    private readonly phrases: ReadonlyMap<string, readonly number[]>,
    private readonly config: BiomedClipConfig,
  ) {}

  static async open(options: SupervisionOptions, workers: PairWorkers, config: BiomedClipConfig): Promise<Supervision> {
    const phrases = options.regions?.phrases ?? [];
    const encoded = await workers.encode(phrases);
    return new Supervision(options, new Map(phrases.map((phrase, i) => [phrase, encoded[i]!.ids])), config);
  }

  /** @param crop - how the pictures of the batch were cropped; undefined: the middle was seen */
  async of(batch: PairBatch, crop: { epoch: number; seed: number; range: CropRange } | undefined): Promise<TrainingPairs> {
    const { maskNegatives, regions } = this.options;
    const { vision } = this.config;
    const view = { side: vision.imageSize, grid: gridOf(vision), crop };
    const targets = regions && (await regionTargets(batch.pairs, regions, view));
    return {
      ...batch,
      ...(maskNegatives && { negatives: negativePairs(batch.pairs, regions) }),
      ...(targets && { regions: { ...targets, ids: targets.phrases.map((phrase) => this.phrases.get(phrase)!) } }),
    };
  }
}
