import { WeightsError } from "../../errors.ts";
import { type ClipFiles, locateClip, locateSam, type SamFiles } from "../../hub/locate.ts";
import { originOf } from "../../hub/origin.ts";
import { defaultPack } from "../../hub/pack.ts";
import { ClipModel } from "../../models/clip/index.ts";
import type { SamVariantName } from "../../models/sam/index.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { type SamOptions, SamPredictor } from "../../segment/index.ts";
import { loadTokenizer } from "../../text/load-tokenizer.ts";
import { type PromptableModel, type TextImageModel, textImageModel } from "./model-content.ts";

/** A CLIP model with its files. */
export interface ClipOfFiles extends TextImageModel {
  readonly clipFiles: ClipFiles;
}

/** A SAM model with its file. */
export interface SamOfFiles extends PromptableModel {
  readonly samFiles: SamFiles;
}

/** @param isPackAsked - whether the command takes the models of the included pack if none is named */
function noModel(kind: "CLIP" | "SAM", isPackAsked: boolean): WeightsError {
  const [flag, example] = kind === "CLIP" ? ["--clip", "biomedclip"] : ["--sam", "sam-vit-b"];
  const ofPack = isPackAsked
    ? `The included pack is not used, because another model was named: add ${flag} ${defaultPack} to take its ${kind} model, or --pack ${defaultPack} to take its settings, too. `
    : `Pass ${flag} ${defaultPack} for the included model. `;
  return new WeightsError(
    `no ${kind} model was given (${flag}). ${ofPack}For published weights, download them once with ` +
      `\`medclip-sam models pull ${example}\` and pass ${flag} ${example}, or pass their folder or file; ` +
      "`medclip-sam models init` creates random weights for tests, and `medclip-sam demo` runs the full pipeline with the included models.",
  );
}

/** The files of a CLIP model, see `locateClip`. @throws WeightsError when no model is given, or files are missing */
export async function clipFilesOf(model: string | undefined, configFile: string | undefined): Promise<ClipFiles> {
  if (model === undefined) throw noModel("CLIP", false);
  return await locateClip(model, configFile);
}

/**
 * Opens a CLIP model and its tokenizer.
 *
 * @param model - folder, weights file or short name; see `locateClip`
 * @throws WeightsError when no model is given, or files are missing or do not fit
 */
export async function loadClip(model: string | undefined, configFile: string | undefined, options: SessionOptions): Promise<ClipOfFiles> {
  if (model === undefined) throw noModel("CLIP", true);
  const files = await locateClip(model, configFile);
  const clip = await ClipModel.open(files.weights, files.hints, options);
  const tokenizer = await loadTokenizer(files.tokenizer);
  const { pack } = await originOf(files.weights);
  return { ...textImageModel(clip, tokenizer, files.tokenizer), clipFiles: files, pack };
}

/** The files of a SAM model, see `locateSam`. @param variant - by default found by its names @throws WeightsError when no model is given, or files are missing */
export async function samFilesOf(model: string | undefined, variant?: SamVariantName): Promise<SamFiles> {
  if (model === undefined) throw noModel("SAM", false);
  const files = await locateSam(model);
  return { ...files, hints: { ...files.hints, variant } };
}

/** Opens a SAM model. @throws WeightsError when no model is given, or files are missing or do not fit */
export async function loadSam(model: string | undefined, options: SamOptions): Promise<SamOfFiles> {
  if (model === undefined) throw noModel("SAM", true);
  const files = await locateSam(model);
  return { sam: await SamPredictor.open(files.weights, options, files.hints), samFiles: files };
}
