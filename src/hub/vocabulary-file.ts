import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { ConfigError, InputError } from "../errors.ts";
import { tokenizerOfText, tokenizerText } from "../text/read-tokenizer.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** A vocabulary to be put beside a model. */
export interface VocabularyFile {
  /** Name under which loaders look for it. */
  readonly name: string;
  readonly content: string;
  /** Number of its words. */
  readonly size: number;
}

/** Names of the files that are not JSON. */
const names = { WordPiece: "vocab.txt", BPE: "bpe_simple_vocab_16e6.txt" } as const;

/**
 * Reads the vocabulary of a model that is made: a `tokenizer.json`, a `vocab.txt` of WordPiece, or a list of byte pairs such as
 * `bpe_simple_vocab_16e6.txt.gz`.
 *
 * @throws InputError when the file cannot be read; ConfigError when it is no vocabulary for such a tokenizer
 */
export async function vocabularyFor(kind: Tokenizer["kind"], file: string): Promise<VocabularyFile> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`"${file}": the vocabulary cannot be read (${cause.code})`, { cause });
  });
  const { content, tokenizer } = await tokenizerIn(bytes, file);
  if (tokenizer.kind !== kind) {
    throw new ConfigError(`"${basename(file)}" is a vocabulary of ${tokenizer.kind}, but the model needs one of ${kind}.`);
  }
  return { name: content.trimStart().startsWith("{") ? "tokenizer.json" : names[kind], content, size: tokenizer.vocabularySize };
}

async function tokenizerIn(bytes: Uint8Array, file: string): Promise<{ content: string; tokenizer: Tokenizer }> {
  try {
    const content = await tokenizerText(bytes, file);
    return { content, tokenizer: tokenizerOfText(content, { source: file }) };
  } catch (cause) {
    throw new ConfigError(`"${basename(file)}" is not the vocabulary of a CLIP model: ${(cause as Error).message}`, { cause });
  }
}
