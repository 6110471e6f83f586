import { ConfigError, WeightsError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { BiomedClip, type ConfigHints, readHints } from "../models/biomedclip/index.ts";
import type { SessionOptions } from "../runtime/session.ts";
import { type SamOptions, SamPredictor } from "../segment/index.ts";
import { type Tokenizer, wordPieceOf, wordPieceOfJson } from "../text/wordpiece.ts";

/** A CLIP model with the tokenizer that belongs to it. */
export interface TextImageModel {
  readonly clip: BiomedClip;
  readonly tokenizer: Tokenizer;
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
  const clip = await BiomedClip.open(await weightsOf(content.weights, "CLIP weights"), await hintsOf(content.config), options);
  const source = nameOf(content.vocabulary, "vocabulary");
  const text = await textOf(content.vocabulary, source);
  const config = await tokenizerConfigOf(content.tokenizerConfig);
  const tokenizer = text.trimStart().startsWith("{") ? wordPieceOfJson(text, { source }) : wordPieceOf(text, { source, config });
  return textImageModel(clip, tokenizer, source);
}

/** Opens a SAM model from memory, as `openClip` does. @throws WeightsError when it is not a SAM checkpoint */
export async function openSam(weights: Content, options: SamOptions = {}): Promise<PromptableModel> {
  return { sam: await SamPredictor.open(await weightsOf(weights, "SAM weights"), options) };
}

/** Joins a model and a tokenizer. @throws ConfigError when the tokenizer has ids that the model does not know */
export function textImageModel(clip: BiomedClip, tokenizer: Tokenizer, vocabularyName: string): TextImageModel {
  const { vocabulary } = clip.config.text;
  if (tokenizer.vocabularySize > vocabulary) {
    throw new ConfigError(
      `"${vocabularyName}": the vocabulary has ${tokenizer.vocabularySize} words, the model "${clip.weights.file}" knows ${vocabulary}. They do not belong together.`,
    );
  }
  return { clip, tokenizer };
}

async function weightsOf(content: Content, what: string): Promise<{ name: string; bytes: Uint8Array }> {
  const name = nameOf(content, what);
  return { name, bytes: await bytesOf(content, name) };
}

async function tokenizerConfigOf(content: Content | undefined): Promise<unknown> {
  const name = "tokenizer_config.json";
  return content && parseJson(await bytesOf(content, name), name, WeightsError);
}

async function hintsOf(content: Content): Promise<ConfigHints> {
  const name = nameOf(content, "CLIP configuration");
  try {
    return readHints(parseJson(await bytesOf(content, name), name, WeightsError));
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
