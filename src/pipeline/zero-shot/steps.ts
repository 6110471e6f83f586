import { coarseMask } from "../../coarse/index.ts";
import { ConfigError } from "../../errors.ts";
import {
  areaPx,
  type Box,
  clipView,
  components,
  componentsWithin,
  type GrayImage,
  type Image,
  type LabelledPoint,
  largestComponents,
  type MapWindow,
  type Mask,
  maskOf,
  partOfImage,
  placeMap,
  type SaliencyMap,
  type Size,
  stretchMap,
  toGray,
} from "../../image/index.ts";
import { logitsSideOf } from "../../models/sam/index.ts";
import { once, oncePerKey } from "../../once.ts";
import { partsOfBoxes, type VisualPrompts, visualPrompts } from "../../prompts/index.ts";
import {
  ensembleFeature,
  MissingLayerError,
  mapOfCapacity,
  mapOfProbabilities,
  methodOfFunction,
  notFiniteMap,
  type OwnSaliencyMethod,
  refuseForeign,
  type SaliencyMethod,
  saliencyMethods,
} from "../../saliency/index.ts";
import {
  type ImageEmbedding,
  maskPromptLogits,
  type Prediction,
  releasedVotedMask,
  type SamPrompts,
  targetGrid,
  unionOf,
  type VoteRuleName,
  votedUnion,
} from "../../segment/index.ts";
import { uniform } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { readingOf, readingWarnings, requireWords } from "../../text/reading.ts";
import type { PromptableModel, TextImageModel } from "../models/model-content.ts";
import type { CommonSettings, ModePreset } from "../settings.ts";
import { modePresets } from "../settings.ts";
import type { CoarseSettings, RefineSettings, SaliencySettings } from "./settings.ts";
import { shortDecimal } from "./short-decimal.ts";

/** Milliseconds spent in each stage of an image. */
export type StageTimes = Record<string, number>;

/** Result of the first step for one target. */
export interface SaliencyResult {
  readonly saliency: SaliencyMap;
  /** The map as stored on disk, which the next step also reads. */
  readonly gray: GrayImage;
  /** The part of the image that the model saw; absent if the mode stretches the map over the whole image. */
  readonly window?: Box;
  /** The method's value per patch before normalisation, [g · g]; for M2IB the information in nats. */
  readonly capacity: Float32Array;
  /** Whether the image does not show the target, which only methods on an absolute scale can tell; the map is then empty. */
  readonly isAbsent: boolean;
  readonly warnings: readonly string[];
}

/** A text prompt for saliency: its embedding [E], undefined if no word is in the vocabulary; and warnings about its words. */
interface TextTarget {
  readonly target: Float32Array | undefined;
  readonly warnings: readonly string[];
}

/** An image as input of a saliency method, independent of the text. */
interface Attribution {
  /** [1, T, D] */
  readonly hidden: Tensor;
  readonly eps: readonly Tensor[] | undefined;
}

/** Number of recently used texts whose embeddings a step caches, 2 kB each. */
const keptTexts = 256;

/** First step: image and text to saliency map. The embeddings of the last 256 texts are cached, so each is computed once per run. */
export class SaliencyStep {
  readonly method: SaliencyMethod;
  private readonly model: TextImageModel;
  private readonly settings: SaliencySettings & CommonSettings;
  private readonly preset: ModePreset;
  private readonly targets = oncePerKey<TextTarget>(keptTexts);

  /**
   * @param own - computes the maps instead of the method named in the settings
   * @throws ConfigError when the settings do not fit the model or the method
   */
  constructor(model: TextImageModel, settings: SaliencySettings & CommonSettings, own?: OwnSaliencyMethod) {
    this.model = model;
    this.settings = settings;
    this.preset = modePresets[settings.mode];
    if (!own) refuseForeign(settings.saliencyMethod, settings);
    this.method = withPackHint(model, settings, () => {
      refuseMissingLayer(model, settings);
      return own ? methodOfFunction(own, model.clip) : saliencyMethods[settings.saliencyMethod].open(model.clip, settings);
    });
  }

  /**
   * The saliency map of each text for one image, which the model encodes once.
   *
   * @param texts - the text prompts of each target
   * @param fileName - selects the noise stream, which is the same for every text, unless `noise` is given
   * @param noise - [steps, samples, T, D] instead of the seeded noise
   */
  async run(
    image: Image,
    fileName: string,
    texts: readonly (readonly string[])[],
    ms: StageTimes,
    noise?: Tensor<"float32">,
  ): Promise<SaliencyResult[]> {
    const { imageSize: side } = this.model.clip.config.vision;
    const { grid, presence } = this.method;
    const { pixels, window } = clipView(image, this.settings.fit, side);
    const placed = this.preset.placement === "window";
    const attribution = once(() => this.prepare(pixels, fileName, ms, noise));
    const results: SaliencyResult[] = [];
    for (const sentences of texts) {
      const { target, warnings } = await timed(ms, "text", () => this.targets(JSON.stringify(sentences), () => this.targetOf(sentences)));
      const capacity = target ? await this.attribute(await attribution(), target, ms) : new Float32Array(grid ** 2);
      const { map, isAbsent, unsaid } =
        presence === undefined ? stretched(capacity, side) : absolute(capacity, { side, window, size: image }, target ? presence : 0);
      const saliency = placed ? placeMap(map, side, window, image) : stretchMap(map, side, image);
      results.push({
        saliency,
        gray: toGray(saliency),
        ...(placed && { window: window.box }),
        capacity,
        isAbsent,
        warnings: [...warnings, ...unsaid],
      });
    }
    return results;
  }

  /** The part that is the same for every text. @param pixels - input of the model */
  private async prepare(pixels: Image, fileName: string, ms: StageTimes, given?: Tensor<"float32">): Promise<Attribution> {
    const hidden = await timed(ms, "image", () => this.method.hiddenTokens(pixels));
    const source = this.method.noise;
    const eps = source && (await timed(ms, "noise", async () => (given ? source.from(given) : source.of(fileName, this.settings.seed))));
    return { hidden, eps };
  }

  private async attribute({ hidden, eps }: Attribution, target: Float32Array, ms: StageTimes): Promise<Float32Array> {
    const capacity = await timed(ms, this.settings.saliencyMethod, () => this.method.attribute(hidden, target, eps));
    if (capacity.every(Number.isFinite)) return capacity;
    throw notFiniteMap(this.settings.saliencyMethod, this.model.clip.weights.file);
  }

  /** Warnings about how the model reads the text prompts of a target. */
  warningsOf(sentences: readonly string[]): string[] {
    const { clip, tokenizer } = this.model;
    const { contextLength } = clip.config;
    return sentences.flatMap((sentence) => readingWarnings(readingOf(sentence, tokenizer, contextLength), sentence, contextLength));
  }

  async dispose(): Promise<void> {
    await this.method.dispose();
  }

  /** Has no embedding if no text prompt contains a word of the vocabulary, as the map would be arbitrary. */
  private async targetOf(sentences: readonly string[]): Promise<TextTarget> {
    if (sentences.length === 0) throw new ConfigError("segment: a text prompt is missing");
    const { clip, tokenizer } = this.model;
    const { contextLength } = clip.config;
    for (const sentence of sentences) requireWords(sentence, "segment");
    const readings = sentences.map((sentence) => readingOf(sentence, tokenizer, contextLength));
    const features: Float32Array[] = [];
    if (readings.some(({ saysSomething }) => saysSomething)) {
      for (const sentence of sentences) features.push(await clip.textFeatures(tokenizer.encode(sentence, { contextLength }).ids));
    }
    return { target: features.length > 0 ? ensembleFeature(features) : undefined, warnings: this.warningsOf(sentences) };
  }
}

/** The map of a view, and what is to be said of it. */
type ViewMap = Pick<SaliencyResult, "isAbsent"> & { readonly map: Float32Array; readonly unsaid: readonly string[] };

/** A map stretched to [0, 1]. */
function stretched(capacity: Float32Array, side: number): ViewMap {
  const { map, constant } = mapOfCapacity(capacity, side);
  return { map, isAbsent: false, unsaid: constant ? ["the saliency map is constant: the model finds no region for the text prompt"] : [] };
}

/** A map of probabilities, empty where the image does not show the target. */
function absolute(
  values: Float32Array,
  { side, window, size }: { readonly side: number; readonly window: MapWindow; readonly size: Size },
  presence: number,
): ViewMap {
  const { map, isPresent, peak } = mapOfProbabilities(values, side, presence, partOfImage(window, size, side));
  if (isPresent) return { map, isAbsent: false, unsaid: [] };
  const highest = shortDecimal(peak, 2, (shown) => shown < presence);
  const absent = `the model does not find the target: its highest probability is ${highest}, below --presence ${presence}, so map and mask are empty. That is no proof that the image does not show it`;
  return { map, isAbsent: true, unsaid: [absent] };
}

/** A layer that the model lacks is rejected even if the method does not read it: the user probably expects another model. */
function refuseMissingLayer({ clip }: TextImageModel, { layer = 0 }: SaliencySettings): void {
  if (layer >= clip.config.vision.depth) throw new MissingLayerError(clip, layer);
}

/** If a model of a pack lacks the layer because it is used without the pack's settings, the error says how to take them. */
function withPackHint<T>({ pack }: TextImageModel, settings: SaliencySettings & { readonly sam?: string }, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MissingLayerError) || pack === undefined || settings.pack !== undefined) throw error;
    const { clip, sam } = settings;
    const own = Object.entries({ clip, sam }).flatMap(([name, model]) =>
      model === undefined || model === pack ? [] : [` --${name} ${model}`],
    );
    const flags = `--pack ${pack}${own.join("")}`;
    throw new ConfigError(
      `${error.message} The model comes from the pack "${pack}", whose settings suit it better: ${flags} takes them; in the library, loadPack("${pack}") and its \`defaults\`.`,
      { cause: error },
    );
  }
}

/** Result of the second step for one saliency map. */
export interface CoarseResult {
  readonly coarse: Mask;
  /** Lowest gray level that counts as foreground, if the method has one. */
  readonly level?: number;
  readonly warnings: readonly string[];
}

/**
 * Second step: saliency map to coarse mask.
 *
 * @param window - the part of the map that the model saw; in paper mode the method sees only this part
 */
export function coarseStep(
  gray: GrayImage,
  window: Box | undefined,
  settings: CoarseSettings & Pick<CommonSettings, "mode">,
): CoarseResult {
  const preset = modePresets[settings.mode];
  const { mask, warnings, level } = coarseMask(gray, {
    method: settings.coarseMethod,
    threshold: settings.threshold,
    keep: settings.keep,
    ties: preset.ties,
    minAreaPx: settings.minArea,
    minMeanSaliency: settings.minSaliency,
    window: preset.placement === "window" ? window : undefined,
  });
  return { coarse: mask, warnings, ...(level !== undefined && { level }) };
}

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
type RefineStepSettings = Omit<RefineSettings, "sam" | "samPrecision" | "cache">;

/** Returns SAM's embedding of an image, computed or cached. Problems are added to `warnings`. */
export type EmbedImage = (image: Image, warnings: string[]) => Promise<ImageEmbedding>;

/** Third step: image and coarse mask to mask. */
export class RefineStep {
  private readonly model: PromptableModel;
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
   */
  async run(image: Image, inputs: readonly CoarseInput[], fileName: string, ms: StageTimes): Promise<RefineResult[]> {
    // Warnings of the encoding belong to the first mask that needs it.
    const kept = oncePerKey<ImageEmbedding>(1);
    const embed = (warnings: string[]) => kept("", () => timed(ms, "embed", () => this.embed(image, warnings)));
    const results: RefineResult[] = [];
    for (const input of inputs) results.push(await this.refine(image, input, fileName, ms, embed));
    return results;
  }

  private async refine(
    image: Image,
    { coarse, isAbsent }: CoarseInput,
    fileName: string,
    ms: StageTimes,
    embed: (warnings: string[]) => Promise<ImageEmbedding>,
  ): Promise<RefineResult> {
    const { visualPrompt, points, negativePoints, perComponent, maskPrompt, empty, seed } = this.settings;
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
    for (const given of maskPrompt ? this.withMasks(prompts, coarse) : [prompts])
      predictions.push(...(await timed(ms, "predict", () => this.model.sam.predict(given, { embedding }))));
    const joined = this.join(predictions, prompts.boxes.length > 0);
    const mask = this.kept(joined, coarse, prompts.contours);
    const area = areaPx(mask);
    if (area === 0) warnings.push("the mask is empty: SAM found nothing at the visual prompts");
    if (area === mask.data.length) warnings.push("the mask covers the whole image");
    const voting = this.settings.multimask !== "none";
    return {
      mask,
      boxes: prompts.boxes,
      points: prompts.points,
      scores: Float32Array.from(predictions.flatMap(({ scores }) => (voting ? [...scores.subarray(1)] : [scores[0]!]))),
      logits: predictions.flatMap((prediction) => (voting ? [1, 2, 3] : [0]).map((index) => prediction.logitsOf(index))),
      warnings,
    };
  }

  /** Adds the coarse mask to its prompts: to each of several boxes the part that belongs to it. */
  private withMasks({ boxes, points }: VisualPrompts, coarse: Mask): SamPrompts[] {
    const { config } = this.model.sam;
    const maskOf = (part: Mask): Pick<SamPrompts, "mask"> => {
      const cells = targetGrid(part, { side: config.imageSize, cells: logitsSideOf(config) })?.cells;
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

  /** Merges all predictions into one mask: the union of single masks, or a vote of the candidates. */
  private join(predictions: readonly Prediction[], fromBoxes: boolean): Mask {
    const { multimask } = this.settings;
    if (multimask === "none") return unionOf(predictions.map((prediction) => prediction.mask()));
    const candidates = predictions.map((prediction) => prediction.candidates());
    const rule: VoteRuleName = multimask;
    return this.preset.votes === "boxes" && fromBoxes ? releasedVotedMask(candidates, rule) : votedUnion(candidates, rule);
  }
}

/** Runs a stage and adds its milliseconds. */
export async function timed<T>(ms: StageTimes, stage: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  ms[stage] = Math.round((ms[stage] ?? 0) + performance.now() - start);
  return result;
}

/** Warnings about a target from all steps. Where the map says that it is not there, that is the whole story of its empty masks. */
export function stepWarnings(
  map: Pick<SaliencyResult, "isAbsent" | "warnings">,
  cut: Pick<CoarseResult, "warnings">,
  refined: Pick<RefineResult, "warnings">,
): string[] {
  return map.isAbsent ? [...map.warnings] : [...map.warnings, ...cut.warnings, ...refined.warnings];
}
