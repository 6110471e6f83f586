import { type Image, iouOf, overlap } from "../../../image/index.ts";
import {
  type Calibration,
  type Evidence,
  type FeatureGrid,
  judge,
  mapSigns,
  nullPrompts,
  pooledFeatures,
} from "../../../presence/index.ts";
import { type ImageEmbedding, noisedEmbedding } from "../../../segment/index.ts";
import { normal } from "../../../tensor/random.ts";
import type { CommonSettings } from "../../settings.ts";
import type { Found } from "../steps/found.ts";
import type { EmbeddingOfImage } from "../steps/image-embedding.ts";
import type { RefineStep } from "../steps/refine-step.ts";
import type { SaliencyResult, SaliencyStep } from "../steps/saliency-step.ts";
import { type StageTimes, timed } from "../steps/stage-times.ts";

/** How often SAM answers again, with noise on its embedding, and how strong that is, in standard deviations of its values. */
const [perturbations, strength] = [3, 0.15];

/** After the last step: whether the image shows a target at all. */
export class PresenceStep {
  private readonly saliency: SaliencyStep;
  private readonly refine: RefineStep;
  private readonly seed: number;

  constructor(saliency: SaliencyStep, refine: RefineStep, { seed }: Pick<CommonSettings, "seed">) {
    this.saliency = saliency;
    this.refine = refine;
    this.seed = seed;
  }

  /**
   * What speaks for each target of an image; undefined where a step found nothing. The image tower runs once more for all targets.
   *
   * @param fileName - selects the noise
   */
  async evidenceOf(
    image: Image,
    fileName: string,
    texts: readonly (readonly string[])[],
    found: readonly Found[],
    embedding: EmbeddingOfImage,
    ms: StageTimes,
  ): Promise<(Evidence | undefined)[]> {
    const areFound = found.map(({ cut, refined }) => cut.coarse.data.includes(1) && refined.mask.data.includes(1));
    if (!areFound.includes(true)) return found.map(() => undefined);
    const cosines = await this.saliency.cosines(image, [...texts, ...nullPrompts.map((sentence) => [sentence])], ms);
    const usual = cosines.slice(texts.length).reduce((sum, cosine) => sum + cosine, 0) / nullPrompts.length;
    const evidence: (Evidence | undefined)[] = [];
    for (const [i, one] of found.entries()) {
      if (!areFound[i]) evidence.push(undefined);
      else {
        const { map, cut, refined } = one;
        const signs = {
          textMargin: cosines[i]! - usual,
          peak: map.capacity.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
          ...mapSigns(map.saliency, cut.coarse),
          agreement: iouOf(overlap(cut.coarse, refined.mask)),
          stability: await timed(ms, "presence", () => this.stabilityOf(image, fileName, one, embedding)),
          samScore: Math.max(...refined.scores),
        };
        const clip = clipGrid(map, this.saliency.method.grid);
        const features = {
          ...(clip && { clipFeatures: pooledFeatures(clip, refined.mask) }),
          samFeatures: pooledFeatures(samGrid(await embedding([])), refined.mask),
        };
        evidence.push({ signs, features });
      }
    }
    return evidence;
  }

  /** The same found, with an empty mask where a calibration says that the image does not show the target. */
  judged(found: Found, evidence: Evidence | undefined, calibration: Calibration): Found {
    const judgement = judge(calibration, evidence);
    const presence = { ...judgement, threshold: calibration.threshold };
    if (judgement.isPresent || judgement.score === null) return { ...found, presence };
    const { mask } = found.refined;
    const [score, threshold] = [judgement.score, calibration.threshold].map((value) => value.toFixed(3));
    const warning = `the image seems not to show the target (score ${score}, not above ${threshold}, which ${100 * calibration.falseAlarms} % of images without a target reach), so the mask is empty. That is no proof; --no-abstain keeps the mask`;
    return {
      ...found,
      presence,
      refined: {
        ...found.refined,
        mask: { ...mask, data: new Uint8Array(mask.data.length) },
        warnings: [...found.refined.warnings, warning],
      },
    };
  }

  private async stabilityOf(image: Image, fileName: string, { map, cut, refined }: Found, embedding: EmbeddingOfImage): Promise<number> {
    const encoded = await embedding([]);
    let sum = 0;
    for (let k = 0; k < perturbations; k++) {
      const noise = normal(`presence ${k}/${fileName}`, this.seed, encoded.values.data.length);
      const noised = noisedEmbedding(encoded, strength, noise);
      const input = { coarse: cut.coarse, isAbsent: map.isAbsent };
      const [again] = await this.refine.run(image, [input], fileName, {}, async () => noised);
      sum += iouOf(overlap(again!.mask, refined.mask));
    }
    return sum / perturbations;
  }
}

/** The tokens behind the saliency method; undefined where it has none, as it runs the whole model for each text. @param side - of its map */
function clipGrid({ view }: SaliencyResult, side: number): FeatureGrid | undefined {
  if (!view) return undefined;
  const { hidden, window, side: pixels } = view;
  const [, tokens, channels] = hidden.shape;
  const before = tokens! - side * side; // the class token, if there is one
  if (hidden.dtype !== "float32" || hidden.shape.length !== 3 || (before !== 0 && before !== 1)) return undefined;
  const cells = side / pixels;
  return {
    ...{ data: hidden.data as Float32Array, side, channels: channels! },
    ...{ start: before * channels!, cellStride: channels!, channelStride: 1 },
    place: {
      ...{ scaleX: window.scaleX * cells, scaleY: window.scaleY * cells },
      ...{ offsetX: window.offsetX * cells, offsetY: window.offsetY * cells },
    },
  };
}

/** SAM's embedding [1, C, g, g]. */
function samGrid({ values, size, resized, side: pixels }: ImageEmbedding): FeatureGrid {
  const [, channels, side] = values.shape as [number, number, number];
  const cells = side / pixels;
  return {
    ...{ data: values.data, side, channels, start: 0, cellStride: 1, channelStride: side * side },
    place: {
      ...{ scaleX: (resized.width / size.width) * cells, scaleY: (resized.height / size.height) * cells },
      ...{ offsetX: 0, offsetY: 0 },
    },
  };
}
