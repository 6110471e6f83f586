import { ConfigError } from "../../../errors.ts";
import {
  type Box,
  clipView,
  type GrayImage,
  type Image,
  type MapWindow,
  partOfImage,
  placeMap,
  type SaliencyMap,
  type Size,
  stretchMap,
  toGray,
} from "../../../image/index.ts";
import { once, oncePerKey } from "../../../once.ts";
import {
  type Confidence,
  confidence,
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
  summariseConfidence,
} from "../../../saliency/index.ts";
import { countOf } from "../../../scans/names.ts";
import { cosine } from "../../../tensor/cosine.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { readingOf, readingWarnings, requireWords } from "../../../text/reading.ts";
import type { TextImageModel } from "../../models/model-content.ts";
import { type CommonSettings, type ModePreset, modePresets } from "../../settings.ts";
import type { ConfidenceSettings, SaliencySettings } from "../settings/saliency.ts";
import { shortDecimal } from "./short-decimal.ts";
import { type StageTimes, timed } from "./stage-times.ts";

/** Result of the first step for one target. */
export interface SaliencyResult {
  readonly saliency: SaliencyMap;
  /** The map as stored on disk, which the next step also reads. */
  readonly gray: GrayImage;
  /** The part of the image that the model saw; absent if the mode stretches the map over the whole image. */
  readonly window?: Box;
  /** The method's value per patch before normalisation, [g · g]; for M2IB the information in nats. */
  readonly capacity: Float32Array;
  /** What the method read of the image, and where that lies on it; absent where no text was read. */
  readonly view?: {
    /** Of `SaliencyMethod.hiddenTokens`, the same for all targets. */
    readonly hidden: Tensor;
    readonly window: MapWindow;
    /** Pixels along a side of the square that the model saw. */
    readonly side: number;
  };
  /** Whether the image does not show the target, which only methods on an absolute scale can tell; the map is then empty. */
  readonly isAbsent: boolean;
  /** Measures of the map itself, where they are asked for and there is a text. */
  readonly confidence?: Confidence;
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
  /** Of all maps so far. */
  private readonly confidences: Confidence[] = [];
  readonly model: TextImageModel;
  private readonly settings: SaliencySettings & CommonSettings & Partial<ConfidenceSettings>;
  private readonly preset: ModePreset;
  private readonly readsAny: boolean;
  private readonly targets = oncePerKey<TextTarget>(keptTexts);
  private readonly embedded = oncePerKey<Float32Array>(keptTexts);

  /**
   * @param own - computes the maps instead of the method named in the settings
   * @param options.readsAny - whether text prompts without a content word that the model knows get a map, too: an arbitrary one, for comparison
   * @throws ConfigError when the settings do not fit the model or the method
   */
  constructor(
    model: TextImageModel,
    settings: SaliencySettings & CommonSettings & Partial<ConfidenceSettings>,
    own?: OwnSaliencyMethod,
    { readsAny = false }: { readonly readsAny?: boolean } = {},
  ) {
    this.model = model;
    this.readsAny = readsAny;
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
      const { target, warnings } = await timed(ms, "text", () => this.textOf(sentences));
      const read = target && (await attribution());
      const capacity = read ? await this.attribute(read, target, ms) : new Float32Array(grid ** 2);
      const { map, isAbsent, unsaid } =
        presence === undefined ? stretched(capacity, side) : absolute(capacity, { side, window, size: image }, target ? presence : 0);
      const measured =
        this.settings.confidence && target ? await timed(ms, "confidence", () => this.measure(pixels, map, target)) : undefined;
      const saliency = placed ? placeMap(map, side, window, image) : stretchMap(map, side, image);
      results.push({
        saliency,
        gray: toGray(saliency),
        ...(placed && { window: window.box }),
        capacity,
        ...(read && { view: { hidden: read.hidden, window, side } }),
        isAbsent,
        ...(measured && { confidence: measured }),
        warnings: [...warnings, ...unsaid],
      });
    }
    return results;
  }

  /** The embedding of a text prompt; undefined if no word is in the vocabulary, as what it finds would be arbitrary. */
  async textOf(sentences: readonly string[]): Promise<TextTarget> {
    return await this.targets(JSON.stringify(sentences), () => this.targetOf(sentences));
  }

  /** A line about the confidence of all maps so far; none where it was not asked for. */
  get summary(): string[] {
    if (this.confidences.length === 0) return [];
    const { drop, increase, n } = summariseConfidence(this.confidences);
    return [
      `confidence of ${countOf(n, "map")}: drop ${drop.toFixed(2)} (lower is better), increase in ${increase.toFixed(1)} % (higher is better)`,
    ];
  }

  private async measure(pixels: Image, map: Float32Array, target: Float32Array): Promise<Confidence> {
    const found = await confidence(this.model.clip, pixels, map, target);
    this.confidences.push(found);
    return found;
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

  /**
   * Cosines of the features of an image, as the model sees it, and of texts; of several sentences of one text the mean feature counts. The image
   * tower runs once for all of them, apart from the maps.
   */
  async cosines(image: Image, texts: readonly (readonly string[])[], ms: StageTimes): Promise<number[]> {
    const { clip } = this.model;
    const { pixels } = clipView(image, this.settings.fit, clip.config.vision.imageSize);
    const features = await timed(ms, "image", () => clip.imageFeatures(pixels));
    const cosines: number[] = [];
    for (const sentences of texts) cosines.push(cosine(features, await this.features(sentences)));
    return cosines;
  }

  /** Warnings about how the model reads the text prompts of a target. */
  warningsOf(sentences: readonly string[]): string[] {
    const { clip, tokenizer } = this.model;
    const { contextLength } = clip.config;
    return readingWarnings(sentences, tokenizer, contextLength);
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
    const target = this.readsAny || readings.some(({ saysSomething }) => saysSomething) ? await this.features(sentences) : undefined;
    return { target, warnings: this.warningsOf(sentences) };
  }

  /** The features [E] of sentences, whatever the model reads of them. */
  private features(sentences: readonly string[]): Promise<Float32Array> {
    return this.embedded(JSON.stringify(sentences), async () => {
      const { clip, tokenizer } = this.model;
      const { contextLength } = clip.config;
      const each: Float32Array[] = [];
      for (const sentence of sentences) each.push(await clip.textFeatures(tokenizer.encode(sentence, { contextLength }).ids));
      return ensembleFeature(each);
    });
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

/** If a model of a pack lacks the layer because it is used without the pack's settings, or with a preset, the error says what to take. */
function withPackHint<T>(
  { pack }: TextImageModel,
  settings: SaliencySettings & { readonly sam?: string; readonly preset?: string | undefined },
  work: () => T,
): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MissingLayerError)) throw error;
    const { clip, sam, preset } = settings;
    if (preset !== undefined) {
      const message = `The preset "${preset}" is for published weights: add --clip biomedclip --sam sam-vit-b, or leave the preset out.`;
      throw new ConfigError(`${error.message} ${message}`, { cause: error });
    }
    if (pack === undefined || settings.pack !== undefined) throw error;
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
