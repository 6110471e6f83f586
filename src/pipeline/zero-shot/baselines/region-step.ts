import { areaPx, clipView, type Image, maskOfRuns, type SaliencyMap, toGray } from "../../../image/index.ts";
import { EverythingOptions, everything, type Region, regionScores, regionView, unionOf } from "../../../segment/index.ts";
import type { EmbeddingOfImage } from "../steps/image-embedding.ts";
import { type StageTimes, timed } from "../steps/stage-times.ts";
import type { Baseline, BaselineModels, BaselineSettings, Located } from "./baseline.ts";

/**
 * SaLIP: SAM finds all regions of an image, CLIP compares a view of each with the text, and the best are the coarse mask. The regions and their
 * features are the same for all targets.
 *
 * The map that stands for the saliency map shows in each pixel the best score of a region that it lies in, relative to the highest.
 *
 * @see Aleem et al. 2024, arXiv:2404.06362
 */
export class RegionStep implements Baseline {
  private readonly models: BaselineModels;
  private readonly settings: BaselineSettings;

  constructor(models: BaselineModels, settings: BaselineSettings) {
    this.models = models;
    this.settings = settings;
  }

  async locate(image: Image, texts: readonly (readonly string[])[], embedding: EmbeddingOfImage, ms: StageTimes): Promise<Located[]> {
    const warnings: string[] = [];
    const encoded = await embedding(warnings);
    const options = EverythingOptions.strip().parse(this.settings);
    const all = await timed(ms, "regions", () => everything(this.models.mask.sam, image, options, { embedding: encoded }));
    const regions = all.filter((region) => region.areaPx >= this.settings.minArea);
    const features = await timed(ms, "image", () => this.featuresOf(image, regions));
    const found: Located[] = [];
    for (const [i, sentences] of texts.entries()) {
      const { target, warnings: about } = await timed(ms, "text", () => this.models.texts.textOf(sentences));
      const told = [...(i === 0 ? warnings : []), ...about];
      const scores = target ? regionScores(features, target) : new Float64Array(regions.length);
      found.push(this.located(image, regions, scores, told));
    }
    return found;
  }

  private async featuresOf(image: Image, regions: readonly Region[]): Promise<Float32Array[]> {
    const { clip } = this.models.text;
    const { fit, regionBackground = "keep" } = this.settings;
    const features: Float32Array[] = [];
    for (const region of regions) {
      const { pixels } = clipView(regionView(image, region, regionBackground), fit, clip.config.vision.imageSize);
      features.push(await clip.imageFeatures(pixels));
    }
    return features;
  }

  private located({ width, height }: Image, regions: readonly Region[], scores: Float64Array, warnings: readonly string[]): Located {
    const none = { width, height, data: new Uint8Array(width * height) };
    const order = [...scores.keys()].filter((i) => scores[i]! > 0).sort((a, b) => scores[b]! - scores[a]!);
    const chosen = order.slice(0, this.settings.keep).map((i) => maskOfRuns(regions[i]!.runs));
    const coarse = chosen.length > 0 ? unionOf(chosen) : none;
    const saliency = mapOf({ ...none, data: new Float32Array(width * height) }, regions, scores, order);
    const unfound =
      regions.length === 0
        ? ["SAM's automatic masks gave no region that passes --pred-iou and --stability; lower them to see weaker ones"]
        : [];
    return {
      map: { saliency, gray: toGray(saliency), capacity: new Float32Array(0), isAbsent: false, warnings },
      cut: { coarse, warnings: areaPx(coarse) === 0 ? unfound : [] },
    };
  }
}

/** The regions drawn from the lowest score on. @param order - from the highest score on */
function mapOf(map: SaliencyMap, regions: readonly Region[], scores: Float64Array, order: readonly number[]): SaliencyMap {
  const highest = scores[order[0] ?? 0] ?? 1;
  for (const i of order.toReversed()) {
    const { rows, runs } = regions[i]!.runs;
    for (let y = 0; y < map.height; y++)
      for (let run = rows[y]!; run < rows[y + 1]!; run++)
        map.data.fill(scores[i]! / highest, y * map.width + runs[2 * run]!, y * map.width + runs[2 * run + 1]!);
  }
  return map;
}
