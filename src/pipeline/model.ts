import { ConfigError, WeightsError } from "../errors.ts";
import { type ClipFiles, locateClip, locateSam, type SamFiles } from "../hub/locate.ts";
import { BiomedClip } from "../models/biomedclip/index.ts";
import type { SessionOptions } from "../runtime/session.ts";
import { type SamOptions, SamPredictor } from "../segment/index.ts";
import { loadTokenizer } from "../text/load-tokenizer.ts";
import type { Tokenizer } from "../text/wordpiece.ts";

/** A CLIP model with the tokenizer that belongs to it. */
export interface TextImageModel {
  readonly clip: BiomedClip;
  readonly tokenizer: Tokenizer;
  readonly clipFiles: ClipFiles;
}

/** A SAM model ready to be prompted. */
export interface PromptableModel {
  readonly sam: SamPredictor;
  readonly samFiles: SamFiles;
}

const noModel = (what: "CLIP" | "SAM", flag: string) =>
  `no ${what} model was named (${flag}). Give a folder or file with published weights, e.g. ${flag} ${what === "CLIP" ? "biomedclip" : "sam-vit-b"} for weights in the ` +
  "Hugging Face cache; `medclip-sam models init` makes random weights for a try and `medclip-sam demo` shows the whole road without any. " +
  "Downloading by `medclip-sam models pull` is planned and not part of this version.";

/**
 * Opens a CLIP model and its tokenizer.
 *
 * @param model - folder, weights file or short name; see `locateClip`
 * @throws WeightsError when no model is named, or files are missing or do not fit
 */
export async function loadClip(
  model: string | undefined,
  configFile: string | undefined,
  options: SessionOptions,
): Promise<TextImageModel> {
  if (model === undefined) throw new WeightsError(noModel("CLIP", "--clip"));
  const files = await locateClip(model, configFile);
  const clip = await BiomedClip.open(files.weights, files.hints, options);
  const tokenizer = await loadTokenizer(files.tokenizer);
  const { vocabulary } = clip.config.text;
  if (tokenizer.vocabularySize > vocabulary) {
    throw new ConfigError(
      `"${files.tokenizer}": the vocabulary has ${tokenizer.vocabularySize} words, the model "${files.weights}" knows ${vocabulary}. They do not belong together.`,
    );
  }
  return { clip, tokenizer, clipFiles: files };
}

/** Opens a SAM model. @throws WeightsError when no model is named, or files are missing or do not fit */
export async function loadSam(model: string | undefined, options: SamOptions): Promise<PromptableModel> {
  if (model === undefined) throw new WeightsError(noModel("SAM", "--sam"));
  const files = await locateSam(model);
  return { sam: await SamPredictor.open(files.weights, options), samFiles: files };
}
