import { WeightsError } from "../../errors.ts";
import { type ClipFiles, locateClip, locateSam, type SamFiles } from "../../hub/locate.ts";
import { BiomedClip } from "../../models/biomedclip/index.ts";
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

const noModel = (what: "CLIP" | "SAM", flag: string) =>
  `no ${what} model was given (${flag}). Pass a folder or file with published weights, e.g. ${flag} ${what === "CLIP" ? "biomedclip" : "sam-vit-b"} for weights in the ` +
  "Hugging Face cache; `medclip-sam models init` creates random weights for tests, and `medclip-sam demo` runs the full pipeline with the bundled models. " +
  "Downloading by `medclip-sam models pull` is planned and not part of this version.";

/** The files of a CLIP model, see `locateClip`. @throws WeightsError when no model is given, or files are missing */
export async function clipFilesOf(model: string | undefined, configFile: string | undefined): Promise<ClipFiles> {
  if (model === undefined) throw new WeightsError(noModel("CLIP", "--clip"));
  return await locateClip(model, configFile);
}

/**
 * Opens a CLIP model and its tokenizer.
 *
 * @param model - folder, weights file or short name; see `locateClip`
 * @throws WeightsError when no model is given, or files are missing or do not fit
 */
export async function loadClip(model: string | undefined, configFile: string | undefined, options: SessionOptions): Promise<ClipOfFiles> {
  const files = await clipFilesOf(model, configFile);
  const clip = await BiomedClip.open(files.weights, files.hints, options);
  const tokenizer = await loadTokenizer(files.tokenizer);
  return { ...textImageModel(clip, tokenizer, files.tokenizer), clipFiles: files };
}

/** The files of a SAM model, see `locateSam`. @throws WeightsError when no model is given, or files are missing */
export async function samFilesOf(model: string | undefined): Promise<SamFiles> {
  if (model === undefined) throw new WeightsError(noModel("SAM", "--sam"));
  return await locateSam(model);
}

/** Opens a SAM model. @throws WeightsError when no model is given, or files are missing or do not fit */
export async function loadSam(model: string | undefined, options: SamOptions): Promise<SamOfFiles> {
  const files = await samFilesOf(model);
  return { sam: await SamPredictor.open(files.weights, options, files.hints), samFiles: files };
}
