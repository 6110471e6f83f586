import { described } from "../../check/described.ts";
import { ConfigError, WeightsError } from "../../errors.ts";
import { parseJson } from "../../files/json.ts";
import type { Fit } from "../../image/index.ts";
import { BiomedClip, type ConfigHints, mergeHints, readHints, readPreprocessor } from "../../models/biomedclip/index.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { type SamOptions, SamPredictor } from "../../segment/index.ts";
import { vocabularyFit } from "../../text/vocabulary-fit.ts";
import { type Tokenizer, wordPieceOf, wordPieceOfJson } from "../../text/wordpiece.ts";

/** A CLIP model with the tokenizer that belongs to it. */
export interface TextImageModel {
  readonly clip: BiomedClip;
  readonly tokenizer: Tokenizer;
  /** Sentences about the files of the model: entries that are not followed, a doubtful vocabulary. */
  readonly warnings: readonly string[];
}

/** A SAM model ready to be prompted. */
export interface PromptableModel {
  readonly sam: SamPredictor;
}

/** What is in a file, as a program has it that reads no folders: bytes, a file that the user picked, what `fetch` answered. */
export type Content = Uint8Array | ArrayBuffer | Blob | Response;

/** The files of a CLIP model by what is in them. */
export interface ClipContent {
  /** Published weights, safetensors or torch. */
  readonly weights: Content;
  /** `open_clip_config.json` or `config.json`, which tells head counts and normalisation. */
  readonly config: Content;
  /** `preprocessor_config.json`, where the model has one: normalisation of the pixels. */
  readonly preprocessor?: Content;
  /** `vocab.txt` or `tokenizer.json`. */
  readonly vocabulary: Content;
  /** `tokenizer_config.json`, which `vocab.txt` needs where the model does not lower the case. */
  readonly tokenizerConfig?: Content;
}

/**
 * Opens a CLIP model and its tokenizer from memory. The bytes of the weights are used where they are, and must not change.
 *
 * @throws WeightsError when a file is not what it should be; ConfigError when they do not belong together
 */
export async function openClip(content: ClipContent, options: SessionOptions = {}): Promise<TextImageModel> {
  if (typeof content !== "object" || content === null) {
    throw new WeightsError(`the CLIP model must be { weights, config, vocabulary }, got ${described(content)}.`);
  }
  const clip = await BiomedClip.open(await weightsOf(content.weights, "CLIP weights"), await hintsOf(content), options);
  const source = nameOf(content.vocabulary, "vocabulary");
  const text = await textOf(content.vocabulary, source);
  const config = await tokenizerConfigOf(content.tokenizerConfig);
  const tokenizer = text.trimStart().startsWith("{") ? wordPieceOfJson(text, { source, config }) : wordPieceOf(text, { source, config });
  return textImageModel(clip, tokenizer, source);
}

/** Opens a SAM model from memory, as `openClip` does. @throws WeightsError when it is not a SAM checkpoint */
export async function openSam(weights: Content, options: SamOptions = {}): Promise<PromptableModel> {
  return { sam: await SamPredictor.open(await weightsOf(weights, "SAM weights"), options) };
}

/** Joins a model and a tokenizer. @throws ConfigError when the vocabulary cannot be the model's */
export function textImageModel(clip: BiomedClip, tokenizer: Tokenizer, vocabularyName: string): TextImageModel {
  const aboutFiles = fileWarnings(clip.hints, tokenizer, vocabularyName, clip.config.text.vocabulary);
  return { clip, tokenizer, warnings: [...clip.weights.notes, ...aboutFiles] };
}

/**
 * What is to be said about a model's configuration and vocabulary.
 *
 * @param rows - of the model's word embedding
 * @throws ConfigError when the vocabulary cannot be the model's
 */
export function fileWarnings(hints: ConfigHints, tokenizer: Tokenizer, vocabularyName: string, rows: number): string[] {
  const { problem, warnings } = vocabularyFit(tokenizer, vocabularyName, rows, hints.textName);
  if (problem) throw new ConfigError(problem);
  return [...(hints.warnings ?? []), ...tokenizer.warnings, ...warnings];
}

/** What is to be said about a model whose images become squares by `fit`. */
export function modelWarnings({ clip, warnings }: TextImageModel, fit: Fit): string[] {
  return [...warnings, ...fitWarnings(clip.hints, fit)];
}

/** Where a model was trained on other squares than those of a run. */
export function fitWarnings({ fit: trained }: ConfigHints, fit: Fit): string[] {
  if (trained === undefined || trained === fit) return [];
  return [`the model's configuration makes images square by "${trained}", this run by "${fit}": results may be worse than the model is.`];
}

async function weightsOf(content: Content, what: string): Promise<{ name: string; bytes: Uint8Array }> {
  const name = nameOf(content, what);
  return { name, bytes: await bytesOf(content, name) };
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

async function textOf(content: Content, name: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await bytesOf(content, name));
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    throw new WeightsError(`"${name}" cannot be read as UTF-8 text: ${(cause as Error).message}`, { cause });
  }
}

async function bytesOf(content: Content, name: string): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  if (content instanceof ArrayBuffer) return new Uint8Array(content);
  if (!(content instanceof Blob || content instanceof Response)) {
    const hint = typeof content === "string" ? " Paths are for whole models: a folder, a file or a name." : "";
    throw new WeightsError(`"${name}" must be a Uint8Array, an ArrayBuffer, a Blob or a Response, got ${described(content)}.${hint}`);
  }
  if (content instanceof Response && !content.ok) {
    throw new WeightsError(`"${name}" could not be fetched: ${content.url} answered ${content.status} ${content.statusText}`.trimEnd());
  }
  return new Uint8Array(await content.arrayBuffer());
}

/** What a content is called in messages, and inside graphs, where it must be a plain file name. */
function nameOf(content: Content, what: string): string {
  const path = content instanceof Response ? new URL(content.url, "file:").pathname : content instanceof File ? content.name : "";
  return path.split("/").at(-1) || what;
}
