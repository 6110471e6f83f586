import { z } from "zod";
import { described } from "../../../check/described.ts";
import { checkedObject, checkedOptions, checkedSignal } from "../../../check/options.ts";
import { checkedImage } from "../../../check/pictures.ts";
import { checkedList, checkedTexts } from "../../../check/prompts.ts";
import { ConfigError, InputError, throwIfCancelled, WeightsError } from "../../../errors.ts";
import { usableDevice } from "../../../graph/index.ts";
import { blankWarnings, type GrayImage, type Image, type Mask, type SaliencyMap } from "../../../image/index.ts";
import { ClipModel } from "../../../models/clip/index.ts";
import { noticesOf, originIn, type ReadBy } from "../../../models/origin.ts";
import { withoutEffect } from "../../../run/settings/effect.ts";
import { RunningCalls } from "../../../running-calls.ts";
import { SessionCache } from "../../../runtime/session-cache.ts";
import { type OwnSaliencyMethod, type SaliencyMethodName, saliencyMethods } from "../../../saliency/index.ts";
import { labelMap, SamOptions, SamPredictor } from "../../../segment/index.ts";
import { namedTargets } from "../../../targets/target.ts";
import { thenDispose } from "../../../then-dispose.ts";
import type { Content } from "../../models/content.ts";
import {
  type ClipContent,
  modelWarnings,
  openClip,
  openSam,
  type PromptableModel,
  type TextImageModel,
} from "../../models/model-content.ts";
import { untrainedUse } from "../../models/sam-variant.ts";
import { CommonSettings } from "../../settings.ts";
import { checkedCalibration, differenceFrom, type PresenceCalibration } from "../presence/calibration.ts";
import { RegionSettings } from "../settings/baselines.ts";
import { CoarseSettings } from "../settings/coarse.ts";
import { seed } from "../settings/commands.ts";
import { methodDefaults } from "../settings/method-defaults.ts";
import { RefineSettings } from "../settings/refine.ts";
import { AffinitySettings, SaliencySettings } from "../settings/saliency.ts";
import type { PresenceOfTarget } from "../steps/found.ts";
import type { EmbedImage } from "../steps/image-embedding.ts";
import { type RefineResult, RefineStep, stepWarnings } from "../steps/refine-step.ts";
import { SaliencyStep } from "../steps/saliency-step.ts";
import { similarMasks } from "../steps/similar-masks.ts";
import { ZeroShotSteps } from "../zero-shot-steps.ts";

/** Number of saliency steps with different settings that a model keeps open: each holds sessions, 0.9 GB with BiomedCLIP. */
const mostSteps = 2;

/**
 * The models of the zero-shot pipeline: CLIP, which relates text to image regions, and SAM, which turns visual prompts into a mask. Caches
 * what repeated calls share: compiled graphs of the two saliency settings used last, the embeddings of their last 256 texts, and the
 * sessions of SAM. Concurrent calls are allowed. Call `dispose` when done.
 */
export class ZeroShotModel {
  readonly text: TextImageModel;
  readonly mask: PromptableModel;
  /** Notices about the models (demonstration models, random weights), and warnings about opening them, such as a device other than the requested one. */
  readonly warnings: readonly string[];
  /** Settings that suit these models, instead of the usual defaults of `segment`; those of a method hold with this method only. */
  readonly defaults: SegmentOptions;
  private readonly steps = new SessionCache<SaliencyStep>(mostSteps);
  private readonly calls = new RunningCalls();

  /** @throws InputError for arguments that are not models, ConfigError for defaults that are not an object */
  constructor(text: TextImageModel, mask: PromptableModel, warnings: readonly string[] = [], defaults: SegmentOptions = {}) {
    if (!(text?.clip instanceof ClipModel) || typeof text.tokenizer?.encode !== "function")
      throw new InputError(`ZeroShotModel: text must be { clip, tokenizer, warnings }, got ${described(text)}. loadModel opens it.`);
    if (!(mask?.sam instanceof SamPredictor))
      throw new InputError(`ZeroShotModel: mask must be { sam }, got ${described(mask)}. loadModel opens it.`);
    checkedList(warnings, "ZeroShotModel", "warnings", (warning) => String(warning));
    checkedObject(defaults, "ZeroShotModel"); // its content is checked by each call
    this.text = text;
    this.mask = mask;
    this.warnings = [...new Set([...noticesFor(this, {}), ...warnings])];
    this.defaults = defaults;
  }

  /**
   * Runs a function with the saliency step of these settings.
   *
   * @param own - computes the maps instead of the method named in the settings; such a step is not cached for later calls
   * @throws InputError when the model was disposed of
   */
  async withSaliency<R>(
    settings: SaliencySettings & CommonSettings,
    work: (step: SaliencyStep) => Promise<R>,
    own?: OwnSaliencyMethod,
  ): Promise<R> {
    const { saliencyMethod, fit, mode, seed } = settings;
    const read = saliencyMethods[saliencyMethod].uses.map((name) => settings[name as keyof SaliencySettings]);
    const key = JSON.stringify([saliencyMethod, fit, mode, seed, ...read]);
    return await this.calls.run("segment", async () =>
      own
        ? await work(new SaliencyStep(this.text, settings, own))
        : await this.steps.use(key, async () => new SaliencyStep(this.text, settings), work),
    );
  }

  /** Releases both models after all earlier calls have finished. Later calls are rejected. */
  async dispose(): Promise<void> {
    await this.calls.end();
    await thenDispose(() => this.steps.dispose(), this.text.clip, this.mask.sam);
  }
}

/** The notices about the models in a segmentation with these settings: some concern parts that it may not read. */
function noticesFor({ text: { clip }, mask: { sam } }: Pick<ZeroShotModel, "text" | "mask">, settings: ReadBy): string[] {
  const ofClip = noticesOf(originIn(clip.weights.metadata), "CLIP", settings);
  const ofSam = noticesOf(originIn(sam.weights.metadata), "SAM", settings);
  return [...ofClip, ...ofSam].map(({ text }) => text);
}

/**
 * Opens the two models of the zero-shot pipeline from memory. Nothing is computed yet; the bytes must not change while the model is used.
 *
 * @throws WeightsError when a content is invalid or could not be fetched
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

/** @throws WeightsError when a model is missing, ConfigError for invalid options */
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
  ...AffinitySettings.shape,
  ...CoarseSettings.shape,
  ...RefineSettings.omit({ pack: true, sam: true, samVariant: true, samPrecision: true, cache: true }).shape,
  ...RegionSettings.shape,
  seed,
  name: z.string().default("image").describe("selects the random streams of noise and points"),
});

/** Options of a segmentation, all with defaults. */
export type SegmentOptions = Omit<z.input<typeof Options>, "saliencyMethod"> & {
  /** The name of a method, or your own function. */
  readonly saliencyMethod?: SaliencyMethodName | OwnSaliencyMethod | undefined;
  /** Provides SAM's embedding of the image, most of the work for a further prompt on it; by default runs the encoder. */
  readonly embed?: EmbedImage | undefined;
  /**
   * The content of a file of `calibrate`: where it says that the image does not show a target, the mask is empty. It must have been made with these
   * models and settings; the weights of models from memory are not compared.
   */
  readonly calibration?: PresenceCalibration | undefined;
  /** Ends the call with a `CancelledError`, at the latest after the current stage: a running graph cannot be interrupted. */
  readonly signal?: AbortSignal | undefined;
};

/** A mask and the intermediate results. */
export interface Segmentation extends Omit<RefineResult, "warnings"> {
  readonly mask: Mask;
  readonly saliency: SaliencyMap;
  /** The saliency method's value per patch, [g · g], before normalisation, from which the map is made; for M2IB the information in nats. */
  readonly capacity: Float32Array;
  /** The saliency map in 8 bits, as stored in files. */
  readonly gray: GrayImage;
  readonly coarse: Mask;
  /** How a calibration judged whether the image shows the target; the signs are absent where nothing was found. */
  readonly presence?: PresenceOfTarget;
  /** Warnings: an empty mask, a truncated text prompt, a guessed intensity range. */
  readonly warnings: readonly string[];
}

/**
 * The arguments of `segment` beside the image, validated and with defaults.
 *
 * @throws InputError for an invalid model or a text without content; ConfigError that lists each invalid option
 */
export function checkedSegment(
  model: ZeroShotModel,
  text: string | readonly string[],
  { embed, signal, calibration, ...options }: SegmentOptions,
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
  checkedSignal(signal, where);
  const judge = calibration === undefined ? undefined : checkedCalibration(calibration, `${where}: option "calibration"`);
  if (judge && own)
    throw new ConfigError(`${where}: option "calibration" needs a named saliencyMethod, as a calibration holds for one method alone.`);
  const given = Object.keys(options).filter((name) => options[name as keyof typeof options] !== undefined);
  const asked = Object.entries(own ? others : options).filter(([name]) => given.includes(name));
  const chosen = { ...methodDefaults(model.defaults, options).values, ...Object.fromEntries(asked) };
  const settings = { ...checkedOptions(Options, chosen, where), device: "cpu" as const };
  // Settings of the built-in methods have no effect on the caller's own method.
  const warnings = withoutEffect(Options, own ? { ...settings, saliencyMethod: own.name || "(custom)" } : settings, given);
  return { texts: checkedTexts(text, where), settings, warnings, own, embed, signal, calibration: judge };
}

/**
 * Segments the structure that a text prompt describes.
 *
 * @param text - a text prompt, or several whose embeddings are averaged
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

/** Segmentations of several targets in one image. */
export interface TargetSegmentations {
  /** By target name, in the given order. */
  readonly targets: Readonly<Record<string, Segmentation>>;
  /** All masks in one label image: a pixel is 1 + the index of its target; where masks overlap, the higher probability wins. */
  readonly labels: GrayImage;
}

/**
 * Segments several targets in one image, which both models encode once: each further target costs only the work that depends on its text.
 *
 * @param targets - a text prompt, or several whose embeddings are averaged, by target name
 * @throws ConfigError when there is no target, or a name is not valid in a file name
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
  const groups = similarMasks(all.map(({ name }, i) => ({ name: name!, mask: found[i]!.mask })));
  const about = (name: string) => groups.flatMap(({ names, warning }) => (names.includes(name) ? [warning] : []));
  return {
    targets: Object.fromEntries(all.map(({ name }, i) => [name!, { ...found[i]!, warnings: [...found[i]!.warnings, ...about(name!)] }])),
    labels: labelMap(masks, image, model.mask.sam.enlarge),
  };
}

/** The arguments of `segmentTargets` beside the image, validated and with defaults. @throws as `checkedSegment` and `namedTargets` */
export function checkedTargets(model: ZeroShotModel, targets: unknown, options: SegmentOptions) {
  const where = "segmentTargets";
  if (typeof targets !== "object" || targets === null || Array.isArray(targets) || Object.keys(targets).length === 0) {
    throw new ConfigError(`${where}: targets must be an object of text prompts by name, { lung: "..." }, got ${described(targets)}.`);
  }
  const sentences = Object.entries(targets).map(([name, text]) => [name, checkedTexts(text, `${where}, "${name}"`)] as const);
  const { texts: _, ...call } = checkedSegment(model, sentences[0]![1], checkedObject(options, where), where);
  return { ...call, all: namedTargets(new Map(sentences), where) };
}

/** One segmentation per text. */
async function segmentEach(
  model: ZeroShotModel,
  image: Image,
  texts: readonly (readonly string[])[],
  { settings, warnings, own, embed, signal, calibration }: Omit<ReturnType<typeof checkedSegment>, "texts">,
): Promise<Segmentation[]> {
  const pixels = checkedImage(image, "segment");
  const { name } = settings;
  const work = async (step: SaliencyStep): Promise<Segmentation[]> => {
    throwIfCancelled(signal);
    const { options } = model.mask.sam;
    const used = { ...settings, layer: step.method.layer, samPrecision: options.precision ?? "float32" };
    const difference = calibration && differenceFrom(calibration, { settings: used, prompts: texts });
    if (difference !== undefined)
      throw new ConfigError(`segment: the calibration was made with ${difference}. Use the same, or calibrate again.`);
    const refine = new RefineStep(model.mask, settings, embed);
    const steps = new ZeroShotSteps(step, refine, settings, { ...options, calibration: calibration?.calibration });
    // Between the models a call may end.
    const releases = { clip: async () => throwIfCancelled(signal), sam: async () => throwIfCancelled(signal) };
    const found = await thenDispose(() => steps.run(pixels, name, texts, {}, { releases }), steps);
    const general = [
      ...new Set([...model.warnings, ...noticesFor(model, { ...settings, ...(own && { saliencyMethod: own }) })]),
      ...modelWarnings(model.text, settings.fit),
      ...warnings,
      ...model.mask.sam.warnings,
      ...untrainedUse(model.mask.sam, settings),
      ...step.method.warnings,
      ...blankWarnings(pixels),
    ];
    return found.map(({ map, cut, refined, presence }) => {
      const { saliency, capacity, gray } = map;
      const judged = presence && { presence };
      return {
        ...refined,
        saliency,
        capacity,
        gray,
        coarse: cut.coarse,
        ...judged,
        warnings: [...general, ...stepWarnings(map, cut, refined)],
      };
    });
  };
  return await model.withSaliency(settings, work, own);
}
