import { z } from "zod";
import { described } from "../../check/described.ts";
import { checkedObject, checkedOptions } from "../../check/options.ts";
import { checkedImage } from "../../check/pictures.ts";
import { checkedList, checkedTexts } from "../../check/prompts.ts";
import { ConfigError, InputError, throwIfCancelled, WeightsError } from "../../errors.ts";
import { usableDevice } from "../../graph/index.ts";
import { blankWarnings, type GrayImage, type Image, type Mask, type SaliencyMap } from "../../image/index.ts";
import { BiomedClip } from "../../models/biomedclip/index.ts";
import { withoutEffect } from "../../run/settings/effect.ts";
import { SessionCache } from "../../runtime/session-cache.ts";
import { type OwnSaliencyMethod, type SaliencyMethodName, saliencyMethods } from "../../saliency/index.ts";
import { labelMap, SamOptions, SamPredictor } from "../../segment/index.ts";
import { namedTargets } from "../../targets/target.ts";
import { thenDispose } from "../../then-dispose.ts";
import {
  type ClipContent,
  type Content,
  modelWarnings,
  openClip,
  openSam,
  type PromptableModel,
  type TextImageModel,
} from "../models/model-content.ts";
import { CommonSettings } from "../settings.ts";
import { CoarseSettings, RefineSettings, SaliencySettings } from "./settings.ts";
import { coarseStep, type EmbedImage, type RefineResult, RefineStep, SaliencyStep } from "./steps.ts";

/** Saliency steps of different settings that a model keeps ready: each holds sessions, 0.9 GB with BiomedCLIP. */
const mostSteps = 2;

/**
 * What the zero-shot pipeline needs: a model that relates words to image regions, and one that turns a hint into a mask. It keeps what
 * repeated calls share: compiled graphs of the two saliency settings used last, the features of their last 256 texts, and the sessions
 * of SAM. Calls may be made at once. Call `dispose` when done.
 */
export class ZeroShotModel {
  readonly text: TextImageModel;
  readonly mask: PromptableModel;
  /** Sentences about how the models were opened, such as on another device than was asked for. */
  readonly warnings: readonly string[];
  /** Settings that suit these models, in place of the usual defaults of `segment`. */
  readonly defaults: SegmentOptions;
  private readonly steps = new SessionCache<SaliencyStep>(mostSteps);
  private readonly running = new Set<Promise<unknown>>();
  private isDisposed = false;

  /** @throws InputError for models that are none, ConfigError for defaults that are no object */
  constructor(text: TextImageModel, mask: PromptableModel, warnings: readonly string[] = [], defaults: SegmentOptions = {}) {
    if (!(text?.clip instanceof BiomedClip) || typeof text.tokenizer?.encode !== "function")
      throw new InputError(`ZeroShotModel: text must be { clip, tokenizer, warnings }, got ${described(text)}. loadModel opens it.`);
    if (!(mask?.sam instanceof SamPredictor))
      throw new InputError(`ZeroShotModel: mask must be { sam }, got ${described(mask)}. loadModel opens it.`);
    checkedList(warnings, "ZeroShotModel", "warnings", (warning) => String(warning));
    checkedObject(defaults, "ZeroShotModel"); // what it holds is checked by each call
    this.text = text;
    this.mask = mask;
    this.warnings = warnings;
    this.defaults = defaults;
  }

  /**
   * Does some work with the saliency step of these settings.
   *
   * @param own - makes the maps in place of the method that the settings name; nothing of such a step is kept for later calls
   * @throws InputError when the model was disposed of
   */
  async withSaliency<R>(
    settings: SaliencySettings & CommonSettings,
    work: (step: SaliencyStep) => Promise<R>,
    own?: OwnSaliencyMethod,
  ): Promise<R> {
    if (this.isDisposed) throw new InputError("segment: the model was disposed of. Load it again, or dispose of it later.");
    const { saliencyMethod, fit, mode, seed } = settings;
    const read = saliencyMethods[saliencyMethod].uses.map((name) => settings[name as keyof SaliencySettings]);
    const key = JSON.stringify([saliencyMethod, fit, mode, seed, ...read]);
    const done = own
      ? work(new SaliencyStep(this.text, settings, own))
      : this.steps.use(key, async () => new SaliencyStep(this.text, settings), work);
    this.running.add(done);
    try {
      return await done;
    } finally {
      this.running.delete(done);
    }
  }

  /** Lets go of both models, after the calls that were made before. Later calls are refused. */
  async dispose(): Promise<void> {
    this.isDisposed = true;
    await Promise.allSettled(this.running);
    await thenDispose(() => this.steps.dispose(), this.text.clip, this.mask.sam);
  }
}

/**
 * Opens the two models of the zero-shot pipeline from memory. Nothing is computed yet; the bytes must not change while the model is used.
 *
 * @throws WeightsError when a content is not what it should be or could not be fetched
 * @example
 * const [weights, config, vocabulary, sam] = await Promise.all(urls.map((url) => fetch(url)));
 * const model = await loadModel({ clip: { weights, config, vocabulary }, sam });
 */
export async function loadModel(
  models: { readonly clip: ClipContent; readonly sam: Content },
  options: SamOptions = {},
): Promise<ZeroShotModel> {
  checkModels(models, options);
  const { device, warnings } = await usableDevice(options.device);
  const usable = { ...options, device };
  return new ZeroShotModel(await openClip(models.clip, usable), await openSam(models.sam, usable), warnings);
}

/** @throws WeightsError when a model is not named, ConfigError for wrong options */
export function checkModels(models: { readonly clip: unknown; readonly sam: unknown }, options: SamOptions): void {
  const { clip, sam } = models ?? {};
  for (const [name, model] of Object.entries({ clip, sam })) {
    if (model !== undefined && model !== null) continue;
    throw new WeightsError(`loadModel: models.${name} is missing: expected { clip, sam }, got ${described(models)}.`);
  }
  checkedOptions(SamOptions, options, "loadModel");
}

const Options = z.strictObject({
  ...CommonSettings.omit({ device: true, threads: true, maxMemory: true }).shape,
  ...SaliencySettings.omit({ pack: true, clip: true, clipConfig: true, noise: true }).shape,
  ...CoarseSettings.shape,
  ...RefineSettings.omit({ pack: true, sam: true, samPrecision: true, cache: true }).shape,
  name: z.string().default("image").describe("names the streams of noise and points"),
});

/** Everything that can be chosen about a segmentation; all of it has defaults. */
export type SegmentOptions = Omit<z.input<typeof Options>, "saliencyMethod"> & {
  /** The name of a method, or one of your own. */
  readonly saliencyMethod?: SaliencyMethodName | OwnSaliencyMethod | undefined;
  /** How SAM's embedding of the image is got, most of the work for a further prompt on it; by default its encoder runs. */
  readonly embed?: EmbedImage | undefined;
  /** Ends the call with a `CancelledError`, at the latest when the stage that runs is over: a run of a graph cannot be interrupted. */
  readonly signal?: AbortSignal | undefined;
};

/** A mask and how it came about. */
export interface Segmentation extends Omit<RefineResult, "warnings"> {
  readonly mask: Mask;
  readonly saliency: SaliencyMap;
  /** The saliency method's value for each patch, [g · g], before normalisation: what the map is made of. Of M2IB the nats that it lets through. */
  readonly capacity: Float32Array;
  /** The saliency map in 8 bits, as files hold it. */
  readonly gray: GrayImage;
  readonly coarse: Mask;
  /** Sentences about anything a user should look at: an empty mask, a cut prompt, a guessed intensity range. */
  readonly warnings: readonly string[];
}

/**
 * What `segment` is given beside the image, checked and with its defaults.
 *
 * @throws InputError for a model that is none, or a text without content; ConfigError that names each wrong option
 */
export function checkedSegment(
  model: ZeroShotModel,
  text: string | readonly string[],
  { embed, signal, ...options }: SegmentOptions,
  where = "segment",
) {
  const { saliencyMethod, ...others } = options;
  const own = typeof saliencyMethod === "function" ? saliencyMethod : undefined;
  if (!(model instanceof ZeroShotModel)) {
    throw new InputError(`${where}: model must come from loadModel or loadPack, got ${described(model)}.`);
  }
  if (embed !== undefined && typeof embed !== "function") {
    throw new ConfigError(`${where}: option "embed" must be a function, got ${described(embed)}.`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new ConfigError(`${where}: option "signal" must be an AbortSignal, got ${described(signal)}.`);
  }
  const chosen = { ...model.defaults, ...(own ? others : options) };
  const settings = { ...checkedOptions(Options, chosen, where), device: "cpu" as const };
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  // What belongs to the methods of the table has no effect on one of the caller's.
  const warnings = withoutEffect(Options, own ? { ...settings, saliencyMethod: own.name || "of your own" } : settings, given);
  return { texts: checkedTexts(text, where), settings, warnings, own, embed, signal };
}

/**
 * Segments what a text describes.
 *
 * @param text - a sentence, or several that are averaged
 * @example const { mask, saliency } = await segment(model, image, "A chest X-ray showing the lungs", { keep: 2 });
 */
export async function segment(
  model: ZeroShotModel,
  image: Image,
  text: string | readonly string[],
  options: SegmentOptions = {},
): Promise<Segmentation> {
  const { texts, ...call } = checkedSegment(model, text, checkedObject(options, "segment"));
  const [found] = await segmentEach(model, image, [texts], call);
  return found!;
}

/** What was found of several targets in one image. */
export interface TargetSegmentations {
  /** By the names of the targets, in their order. */
  readonly targets: Readonly<Record<string, Segmentation>>;
  /** All masks in one image: a pixel is 1 + the place of its target; where masks overlap, the one with the higher probability wins. */
  readonly labels: GrayImage;
}

/**
 * Segments several things in one image, which both models encode once: each further target costs what depends on its text.
 *
 * @param targets - a sentence, or several that are averaged, by the names of the targets
 * @throws ConfigError when there is no target, or a name cannot be part of a file's name
 * @example const { targets, labels } = await segmentTargets(model, image, { lung: "A chest X-ray showing the lungs", heart: ["the heart", "a heart"] });
 */
export async function segmentTargets(
  model: ZeroShotModel,
  image: Image,
  targets: Readonly<Record<string, string | readonly string[]>>,
  options: SegmentOptions = {},
): Promise<TargetSegmentations> {
  const { all, ...call } = checkedTargets(model, targets, options);
  const found = await segmentEach(
    model,
    image,
    all.map(({ sentences }) => sentences),
    call,
  );
  const masks = found.map(({ mask, logits }, i) => ({ value: 1 + i, mask, logits }));
  return {
    targets: Object.fromEntries(all.map(({ name }, i) => [name!, found[i]!])),
    labels: labelMap(masks, image, model.mask.sam.config.imageSize),
  };
}

/** What `segmentTargets` is given beside the image, checked and with its defaults. @throws as `checkedSegment` and `namedTargets` */
export function checkedTargets(model: ZeroShotModel, targets: unknown, options: SegmentOptions) {
  const where = "segmentTargets";
  if (typeof targets !== "object" || targets === null || Array.isArray(targets) || Object.keys(targets).length === 0) {
    throw new ConfigError(`${where}: targets must be an object of sentences by name, { lung: "..." }, got ${described(targets)}.`);
  }
  const sentences = Object.entries(targets).map(([name, text]) => [name, checkedTexts(text, `${where}, "${name}"`)] as const);
  const { texts: _, ...call } = checkedSegment(model, sentences[0]![1], checkedObject(options, where), where);
  return { ...call, all: namedTargets(new Map(sentences), where) };
}

/** One segmentation for each text. */
async function segmentEach(
  model: ZeroShotModel,
  image: Image,
  texts: readonly (readonly string[])[],
  { settings, warnings, own, embed, signal }: Omit<ReturnType<typeof checkedSegment>, "texts">,
): Promise<Segmentation[]> {
  const pixels = checkedImage(image, "segment");
  const { name } = settings;
  const work = async (step: SaliencyStep): Promise<Segmentation[]> => {
    throwIfCancelled(signal);
    const maps = await step.run(pixels, name, texts, {});
    throwIfCancelled(signal);
    const cuts = maps.map((map) => coarseStep(map.gray, map.window, settings));
    const coarse = cuts.map((cut) => cut.coarse);
    const masks = await new RefineStep(model.mask, settings, embed).run(pixels, coarse, name, {});
    throwIfCancelled(signal);
    const general = [
      ...model.warnings,
      ...modelWarnings(model.text, settings.fit),
      ...warnings,
      ...model.mask.sam.warnings,
      ...step.method.warnings,
      ...blankWarnings(pixels),
    ];
    return masks.map((refined, i) => {
      const { saliency, capacity, gray, warnings } = maps[i]!;
      const { coarse, warnings: ofCut } = cuts[i]!;
      return { ...refined, saliency, capacity, gray, coarse, warnings: [...general, ...warnings, ...ofCut, ...refined.warnings] };
    });
  };
  return await model.withSaliency(settings, work, own);
}
