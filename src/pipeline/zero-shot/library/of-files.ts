import { described } from "../../../check/described.ts";
import { checkedObject } from "../../../check/options.ts";
import { ConfigError, InputError, WeightsError } from "../../../errors.ts";
import { usableDevice } from "../../../graph/index.ts";
import { defaultPack, locatePack } from "../../../hub/pack.ts";
import type { Image } from "../../../image/index.ts";
import { once } from "../../../once.ts";
import { decodeImage } from "../../../scans/decode-image.ts";
import { imageEnding } from "../../../scans/names.ts";
import type { SamOptions } from "../../../segment/index.ts";
import type { Content } from "../../models/content.ts";
import { type ClipOfFiles, loadClip, loadSam, type SamOfFiles } from "../../models/model.ts";
import { type ClipContent, openClip, openSam, type PromptableModel } from "../../models/model-content.ts";
import { clipRecord, samRecord } from "../../models/models-of-run.ts";
import { modelNotices } from "../../models/notices.ts";
import { defaultsOf } from "../../models/pack-settings.ts";
import type { Mode } from "../../settings.ts";
import { differenceFrom, type PresenceCalibration } from "../presence/calibration.ts";
import { hashesOf } from "../presence/calibration-file.ts";
import { keptEmbeddings } from "../steps/embedding-cache.ts";
import type { EmbedImage } from "../steps/image-embedding.ts";
import {
  checkedSegment,
  checkedTargets,
  checkModels,
  type Segmentation,
  type SegmentOptions as SegmentPixelsOptions,
  segment as segmentPixels,
  segmentTargets as segmentTargetsOfPixels,
  type TargetSegmentations,
  ZeroShotModel,
} from "./in-memory.ts";

/**
 * Opens the two models of the zero-shot pipeline. Nothing is computed yet.
 *
 * @param models - folders, weights files, or short names of published models in the Hugging Face cache; or file contents
 * @throws WeightsError when files are missing or do not fit
 * @example const model = await loadModel({ clip: "models/biomedclip", sam: "models/sam_vit_b_01ec64.pth" });
 */
export async function loadModel(
  models: { readonly clip: string | ClipContent; readonly sam: string | Content; readonly clipConfig?: string },
  options: SamOptions = {},
): Promise<ZeroShotModel> {
  checkModels(models, options);
  const { clip, sam, clipConfig } = models;
  const { device, warnings } = await usableDevice(options.device);
  const usable = { ...options, device };
  const text = typeof clip === "string" ? await loadClip(clip, clipConfig, usable) : await openClip(clip, usable);
  const mask = typeof sam === "string" ? await loadSam(sam, usable) : await openSam(sam, usable);
  // What file contents say about themselves is a warning of the model in any case.
  const notices = await modelNotices({ ...(typeof clip === "string" && { clip }), ...(typeof sam === "string" && { sam }) });
  return new ZeroShotModel(text, mask, [...notices.map((notice) => notice.text), ...warnings]);
}

/**
 * Opens the models of a pack. Segmentations use the settings of the pack as defaults, and warn if it is a demonstration.
 *
 * @param pack - a name or a folder with a `pack.json`; by default the bundled one
 * @throws WeightsError when there is no such pack
 * @example const model = await loadPack();
 */
export async function loadPack(pack: string = defaultPack, options: SamOptions = {}): Promise<ZeroShotModel> {
  if (typeof pack !== "string") throw new WeightsError(`loadPack: pack must be a name or a folder, got ${described(pack)}.`);
  const found = await locatePack(pack);
  const { clip, sam, notice } = found;
  const defaults = defaultsOf(found);
  const { text, mask, warnings } = await loadModel({ clip, sam }, options);
  return new ZeroShotModel({ ...text, pack: undefined }, mask, [...new Set([notice, ...warnings])], defaults);
}

/** Options of a segmentation, all with defaults. `name` defaults to the name of the file. */
export type SegmentOptions = SegmentPixelsOptions & {
  /** Folder for a cache of SAM's image embeddings; the model must be loaded from files. */
  readonly cache?: string | undefined;
};

/**
 * Segments the structure that a text prompt describes.
 *
 * @param image - a file, or pixels
 * @param text - a text prompt, or several whose embeddings are averaged
 * @example const { mask, saliency } = await segment(model, "case-01.png", "A chest X-ray showing the lungs", { keep: 2 });
 */
export async function segment(
  model: ZeroShotModel,
  image: string | Image,
  text: string | readonly string[],
  options: SegmentOptions = {},
): Promise<Segmentation> {
  const { cache, ...given } = checkedObject(options, "segment");
  const { mode } = checkedSegment(model, text, given).settings;
  if (typeof text === "string" && typeof image === "string" && imageEnding.test(text) && !imageEnding.test(image)) {
    throw new InputError(`segment: image ${described(image)} and text ${described(text)} are swapped: the image goes before the text.`);
  }
  if (given.calibration) await requireSameWeights(model, given.calibration, "segment");
  const asked = { ...given, embed: given.embed ?? embeddingsIn(cache, model.mask, "segment") };
  if (typeof image !== "string") return await segmentPixels(model, image, text, asked);
  const opened = await openedImage(image, mode, asked);
  const found = await segmentPixels(model, opened.image, text, opened.options);
  return { ...found, warnings: [...opened.warnings, ...found.warnings] };
}

/**
 * Segments several targets in one image, which both models encode once: each further target costs only the work that depends on its text.
 *
 * @param image - a file, or pixels
 * @param targets - a text prompt, or several whose embeddings are averaged, by target name
 * @throws ConfigError when there is no target, or a name is not valid in a file name
 * @example const { targets, labels } = await segmentTargets(model, "case-01.png", { lung: "A chest X-ray showing the lungs", heart: "the heart" });
 */
export async function segmentTargets(
  model: ZeroShotModel,
  image: string | Image,
  targets: Readonly<Record<string, string | readonly string[]>>,
  options: SegmentOptions = {},
): Promise<TargetSegmentations> {
  const { cache, ...given } = checkedObject(options, "segmentTargets");
  const { mode } = checkedTargets(model, targets, given).settings;
  if (given.calibration) await requireSameWeights(model, given.calibration, "segmentTargets");
  const asked = { ...given, embed: given.embed ?? embeddingsIn(cache, model.mask, "segmentTargets") };
  if (typeof image !== "string") return await segmentTargetsOfPixels(model, image, targets, asked);
  const opened = await openedImage(image, mode, asked);
  const found = await segmentTargetsOfPixels(model, opened.image, targets, opened.options);
  const told = Object.entries(found.targets).map(([name, one]) => [name, { ...one, warnings: [...opened.warnings, ...one.warnings] }]);
  return { ...found, targets: Object.fromEntries(told) };
}

/** SHA-256 of the files of models, which are read once: they may have hundreds of megabytes. */
const hashes = new WeakMap<ZeroShotModel, () => Promise<Record<string, string>>>();

/** @throws ConfigError when a calibration was made with other weights; those of models from memory are not compared */
async function requireSameWeights(model: ZeroShotModel, calibration: PresenceCalibration, where: string): Promise<void> {
  const { text, mask } = model;
  if (!("clipFiles" in text && "samFiles" in mask)) return;
  const read = once(async () => hashesOf({ ...(await clipRecord(text as ClipOfFiles)), ...(await samRecord(mask as SamOfFiles)) }));
  const known = hashes.get(model) ?? read;
  hashes.set(model, known);
  const difference = differenceFrom(calibration, { weights: await known() });
  if (difference !== undefined) throw new ConfigError(`${where}: the calibration was made with ${difference}. Calibrate again.`);
}

/** The pixels of a file, whose name selects the random streams unless the options give another. */
async function openedImage(image: string, mode: Mode, options: SegmentPixelsOptions) {
  const decoded = await decodeImage(image, { mode });
  return { image: decoded.image, warnings: decoded.warnings, options: { ...options, name: options.name ?? nameOf(image) } };
}

/** The file name of a POSIX or Windows path. */
function nameOf(file: string): string {
  return file.split(/[/\\]/).at(-1) ?? file;
}

function embeddingsIn(folder: string | undefined, model: PromptableModel | SamOfFiles, where: string): EmbedImage | undefined {
  if (folder === undefined) return undefined;
  if ("samFiles" in model) return keptEmbeddings(folder, model);
  throw new ConfigError(`${where}: option "cache" needs a model loaded from files, but this one came from memory. Leave out the option.`);
}
