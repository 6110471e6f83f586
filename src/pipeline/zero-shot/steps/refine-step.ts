import {
  areaPx,
  type Box,
  components,
  componentsWithin,
  type Image,
  type LabelledPoint,
  largestComponents,
  type Mask,
  maskOf,
} from "../../../image/index.ts";
import {
  type ImageEmbedding,
  maskPromptLogits,
  type Prediction,
  releasedVotedMask,
  type SamPrompts,
  squareSizesOf,
  targetGrid,
  unionOf,
  type VoteRuleName,
  votedUnion,
} from "../../../segment/index.ts";
import { type RandomStream, uniform } from "../../../tensor/random.ts";
import { augmentedPoints, partsOfBoxes, type VisualPrompts, visualPrompts } from "../../../visual-prompts/index.ts";
import type { PromptableModel } from "../../models/model-content.ts";
import { type CommonSettings, type ModePreset, modePresets } from "../../settings.ts";
import type { RefineSettings } from "../settings/refine.ts";
import type { CoarseResult } from "./coarse-step.ts";
import { type EmbeddingOfImage, type EmbedImage, encodedOnce } from "./image-embedding.ts";
import type { SaliencyResult } from "./saliency-step.ts";
import { type StageTimes, timed } from "./stage-times.ts";

/** A coarse mask for the third step. */
export interface CoarseInput {
  /** Of the size of the image. */
  readonly coarse: Mask;
  /** Whether the image is known not to show the target: an empty coarse mask then stays empty, whatever the settings make of others. */
  readonly isAbsent: boolean;
}

/** Result of the third step for an image and one coarse mask. */
export interface RefineResult {
  readonly mask: Mask;
  /** Visual prompts given to SAM, in pixels of the image. */
  readonly boxes: readonly Box[];
  readonly points: readonly LabelledPoint[];
  /** [N] predicted IoU of the masks behind the result: one per box, or three with voting. */
  readonly scores: Float32Array;
  /** [N, l, l] logits of the same masks. */
  readonly logits: readonly Float32Array[];
  readonly warnings: readonly string[];
}

/** Settings of the third step, without those of the model and its embedding. */
type RefineStepSettings = Omit<RefineSettings, "sam" | "samVariant" | "samPrecision" | "cache">;

/** Third step: image and coarse mask to mask. */
export class RefineStep {
  readonly model: PromptableModel;
  private readonly settings: RefineStepSettings & CommonSettings;
  private readonly preset: ModePreset;
  private readonly embed: EmbedImage;

  /** @param embed - by default the model's encoder runs */
  constructor(model: PromptableModel, settings: RefineStepSettings & CommonSettings, embed?: EmbedImage) {
    this.model = model;
    this.settings = settings;
    this.preset = modePresets[settings.mode];
    this.embed = embed ?? ((image) => model.sam.setImage(image));
  }

  /**
   * Refines each coarse mask of one image, which SAM encodes once.
   *
   * @param fileName - selects the random stream of sampled points, which is the same for every coarse mask
   * @param embedding - of `embeddingOf`, where other steps need it, too
   */
  async run(
    image: Image,
    inputs: readonly CoarseInput[],
    fileName: string,
    ms: StageTimes,
    embedding = this.embeddingOf(image, ms),
  ): Promise<RefineResult[]> {
    const results: RefineResult[] = [];
    for (const input of inputs) results.push(await this.refine(image, input, fileName, ms, embedding));
    return results;
  }

  /** SAM's embedding of an image, see `encodedOnce`. */
  embeddingOf(image: Image, ms: StageTimes): EmbeddingOfImage {
    return encodedOnce(this.embed, image, ms);
  }

  private async refine(
    image: Image,
    { coarse, isAbsent }: CoarseInput,
    fileName: string,
    ms: StageTimes,
    embed: EmbeddingOfImage,
  ): Promise<RefineResult> {
    const { visualPrompt, points, negativePoints, perComponent, maskPrompt, empty, augmentPoints, seed } = this.settings;
    const warnings: string[] = [];
    const size = { width: image.width, height: image.height };
    const prompts = visualPrompts(coarse, {
      kind: visualPrompt,
      points,
      negativePoints,
      perComponent,
      clamp: this.preset.clamp,
      empty: isAbsent ? "mask" : (empty ?? this.preset.empty),
      random: uniform(`points/${fileName}`, seed),
    });
    if (prompts.empty) {
      warnings.push(
        isAbsent
          ? "the model does not find the target, so SAM was not run and the mask is empty"
          : "the coarse mask is empty, so SAM was not run and the mask is empty, too (--empty box would prompt with the whole image)",
      );
      return {
        mask: { ...size, data: new Uint8Array(size.width * size.height) },
        boxes: [],
        points: [],
        scores: new Float32Array(0),
        logits: [],
        warnings,
      };
    }
    const end = this.preset.clamp === "reference" ? 1 : 0;
    const isWhole = ({ x0, y0, x1, y1 }: Box) => x0 <= 0 && y0 <= 0 && x1 >= size.width - end && y1 >= size.height - end;
    if (prompts.boxes.some(isWhole)) warnings.push("the box given to SAM is the whole image: it says nothing about where to look");
    const embedding = await embed(warnings);
    const predictions: Prediction[] = [];
    const added: LabelledPoint[] = [];
    const random = uniform(`augmented points/${fileName}`, seed);
    for (const given of maskPrompt ? this.withMasks(prompts, coarse) : [prompts]) {
      const first = await timed(ms, "predict", () => this.model.sam.predict(given, { embedding }));
      if (augmentPoints === "none") predictions.push(...first);
      else {
        for (const one of await timed(ms, "predict", () => this.again(first, given, image, embedding, random))) {
          predictions.push(one.prediction);
          added.push(...one.points);
        }
      }
    }
    const joined = this.join(predictions, prompts.boxes.length > 0);
    const mask = this.kept(joined, coarse, prompts.contours);
    const area = areaPx(mask);
    if (area === 0) warnings.push("the mask is empty: SAM found nothing at the visual prompts");
    if (area === mask.data.length) warnings.push("the mask covers the whole image");
    return {
      mask,
      boxes: prompts.boxes,
      points: [...prompts.points, ...added],
      scores: Float32Array.from(predictions.flatMap((prediction) => this.behind(prediction).map((index) => prediction.scores[index]!))),
      logits: predictions.flatMap((prediction) => this.behind(prediction).map((index) => prediction.logitsOf(index))),
      warnings,
    };
  }

  /** A second prediction for each first one, with further points on its mask; the first one where that is empty. */
  private async again(
    first: readonly Prediction[],
    { boxes = [], ...given }: SamPrompts,
    image: Image,
    embedding: ImageEmbedding,
    random: RandomStream,
  ): Promise<{ readonly prediction: Prediction; readonly points: readonly LabelledPoint[] }[]> {
    const { augmentPoints, augmentCount } = this.settings;
    if (augmentPoints === "none") return first.map((prediction) => ({ prediction, points: [] }));
    const positive = (given.points ?? []).filter(({ label }) => label === 1);
    const all: { prediction: Prediction; points: readonly LabelledPoint[] }[] = [];
    for (const [i, prediction] of first.entries()) {
      const source = { mask: this.join([prediction], boxes.length > 0), image, random };
      const points = augmentedPoints(augmentPoints, source, positive, augmentCount);
      const prompts = { ...given, ...(boxes[i] && { boxes: [boxes[i]] }), points: [...(given.points ?? []), ...points] };
      const [second] = points.length > 0 ? await this.model.sam.predict(prompts, { embedding }) : [prediction];
      all.push({ prediction: second!, points });
    }
    return all;
  }

  /** The masks of a prediction that make the result, by their index. */
  private behind(prediction: Prediction): readonly number[] {
    const { multimask } = this.settings;
    if (multimask === "none") return [0];
    return multimask === "best" ? [prediction.best] : [1, 2, 3];
  }

  /** Adds the coarse mask to its prompts: to each of several boxes the part that belongs to it. */
  private withMasks({ boxes, points }: VisualPrompts, coarse: Mask): SamPrompts[] {
    const { config } = this.model.sam;
    const maskOf = (part: Mask): Pick<SamPrompts, "mask"> => {
      const cells = targetGrid(part, squareSizesOf(config))?.cells;
      return cells ? { mask: maskPromptLogits(cells) } : {};
    };
    if (boxes.length < 2) return [{ boxes, points, ...maskOf(coarse) }];
    return partsOfBoxes(coarse).map((part, i) => ({ boxes: [boxes[i]!], points, ...maskOf(part) }));
  }

  /**
   * As many of the largest components as the coarse mask has; with a mask prompt also all others that lie in the coarse mask, since SAM then often
   * parts what touches there, such as two lungs.
   */
  private kept(mask: Mask, coarse: Mask, contours: number): Mask {
    const labels = components(mask);
    const largest = largestComponents(labels.components, contours, this.preset.ties);
    return maskOf(labels, this.settings.maskPrompt ? [...largest, ...componentsWithin(labels, coarse)] : largest);
  }

  /** Merges all predictions into one mask: the union of one mask each, or a vote of the candidates. */
  private join(predictions: readonly Prediction[], fromBoxes: boolean): Mask {
    const { multimask } = this.settings;
    if (multimask === "none" || multimask === "best")
      return unionOf(predictions.map((prediction) => prediction.mask(this.behind(prediction)[0])));
    const candidates = predictions.map((prediction) => prediction.candidates());
    const rule: VoteRuleName = multimask;
    return this.preset.votes === "boxes" && fromBoxes ? releasedVotedMask(candidates, rule) : votedUnion(candidates, rule);
  }
}

/** Warnings about a target from all steps. Where the map says that it is not there, that is the whole story of its empty masks. */
export function stepWarnings(
  map: Pick<SaliencyResult, "isAbsent" | "warnings">,
  cut: Pick<CoarseResult, "warnings">,
  refined: Pick<RefineResult, "warnings">,
): string[] {
  return map.isAbsent ? [...map.warnings] : [...map.warnings, ...cut.warnings, ...refined.warnings];
}
