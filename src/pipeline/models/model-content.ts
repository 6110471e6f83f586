import { described } from "../../check/described.ts";
import { ConfigError, WeightsError } from "../../errors.ts";
import { parseJson } from "../../files/json.ts";
import type { Fit } from "../../image/index.ts";
import { type ClipConfig, ClipModel, type ConfigHints, mergeHints, readHints, readPreprocessor } from "../../models/clip/index.ts";
import { originIn } from "../../models/origin.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { type SamOptions, SamPredictor } from "../../segment/index.ts";
import { tokenizerOfText, tokenizerText } from "../../text/read-tokenizer.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import { vocabularyFit } from "../../text/vocabulary-fit.ts";
import { bytesOf, type Content, nameOf, weightsOf } from "./content.ts";

/** A CLIP model with its tokenizer. */
export interface TextImageModel {
  readonly clip: ClipModel;
  readonly tokenizer: Tokenizer;
  /** Warnings about the files of the model: ignored configuration entries, a doubtful vocabulary. */
  readonly warnings: readonly string[];
  /** The pack from which the CLIP model comes or descends, if any. */
  readonly pack?: string | undefined;
}

/** A SAM model, ready for prompts. */
export interface PromptableModel {
  readonly sam: SamPredictor;
}

/** The contents of the files of a CLIP model. */
export interface ClipContent {
  /** Published weights, in safetensors or torch format. */
  readonly weights: Content;
  /** `open_clip_config.json` or `config.json`, with head counts and normalisation. */
  readonly config: Content;
  /** `preprocessor_config.json`, if the model has one: pixel normalisation. */
  readonly preprocessor?: Content;
  /** `vocab.txt`, `tokenizer.json` or `bpe_simple_vocab_16e6.txt.gz`. */
  readonly vocabulary: Content;
  /** `tokenizer_config.json`, needed with `vocab.txt` if the model is cased. */
  readonly tokenizerConfig?: Content;
}

/**
 * Opens a CLIP model and its tokenizer from memory. The weights are not copied and must not change.
 *
 * @throws WeightsError when a file is invalid; ConfigError when the files do not belong together
 */
export async function openClip(content: ClipContent, options: SessionOptions = {}): Promise<TextImageModel> {
  if (typeof content !== "object" || content === null) {
    throw new WeightsError(`the CLIP model must be { weights, config, vocabulary }, got ${described(content)}.`);
  }
  const clip = await ClipModel.open(await weightsOf(content.weights, "CLIP weights"), await hintsOf(content), options);
  const source = nameOf(content.vocabulary, "vocabulary");
  const text = await tokenizerText(await bytesOf(content.vocabulary, source), source);
  const config = await tokenizerConfigOf(content.tokenizerConfig);
  return textImageModel(clip, tokenizerOfText(text, { source, config }), source);
}

/** Opens a SAM model from memory, as `openClip` does. @throws WeightsError when it is not a SAM checkpoint */
export async function openSam(weights: Content, options: SamOptions = {}): Promise<PromptableModel> {
  return { sam: await SamPredictor.open(await weightsOf(weights, "SAM weights"), options) };
}

/** Combines a model and a tokenizer. @throws ConfigError when the vocabulary does not match the model */
export function textImageModel(clip: ClipModel, tokenizer: Tokenizer, vocabularyName: string): TextImageModel {
  const aboutFiles = fileWarnings(clip.hints, tokenizer, vocabularyName, clip.config.text);
  return { clip, tokenizer, warnings: [...clip.notes, ...aboutFiles], pack: originIn(clip.weights.metadata).pack };
}

/**
 * Warnings about the configuration and vocabulary of a model.
 *
 * @param text - sizes of the model's text tower
 * @throws ConfigError when the vocabulary does not match the model
 */
export function fileWarnings(hints: ConfigHints, tokenizer: Tokenizer, vocabularyName: string, text: ClipConfig["text"]): string[] {
  const { problem, warnings } = vocabularyFit(tokenizer, vocabularyName, text, hints.textName);
  if (problem) throw new ConfigError(problem);
  return [...(hints.warnings ?? []), ...tokenizer.warnings, ...warnings];
}

/** Warnings about a model whose images are made square with `fit`. */
export function modelWarnings({ clip, warnings }: TextImageModel, fit: Fit): string[] {
  return [...warnings, ...fitWarnings(clip.hints, fit)];
}

/** Warns if a model was trained with another `fit` than that of a run. */
export function fitWarnings({ fit: trained }: ConfigHints, fit: Fit): string[] {
  if (trained === undefined || trained === fit) return [];
  return [`the model was configured with fit "${trained}", this run uses "${fit}": results may be worse.`];
}

async function tokenizerConfigOf(content: Content | undefined): Promise<unknown> {
  const name = "tokenizer_config.json";
  return content && parseJson(await bytesOf(content, name), name, WeightsError);
}

async function hintsOf({ config, preprocessor }: ClipContent): Promise<ConfigHints> {
  const hints = await readBy(readHints, config, "CLIP configuration");
  return preprocessor ? mergeHints(hints, await readBy(readPreprocessor, preprocessor, "preprocessor_config.json")) : hints;
}

async function readBy<T>(read: (json: unknown) => T, content: Content, what: string): Promise<T> {
  const name = nameOf(content, what);
  try {
    return read(parseJson(await bytesOf(content, name), name, WeightsError));
  } catch (cause) {
    if (cause instanceof ConfigError) throw new WeightsError(`"${name}": ${cause.message}`, { cause });
    throw cause;
  }
}
