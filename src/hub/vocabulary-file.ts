import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { ConfigError, InputError } from "../errors.ts";

/** A vocabulary to be put beside a model. */
export interface VocabularyFile {
  /** Name under which loaders look for it. */
  readonly name: string;
  readonly content: Buffer;
  /** Number of its words. */
  readonly size: number;
}

/**
 * Reads the vocabulary of a model that is made.
 *
 * @throws InputError when the file cannot be read; ConfigError when it is no vocabulary for such a tokenizer
 */
export async function vocabularyFor(_kind: "WordPiece" | "BPE", file: string): Promise<VocabularyFile> {
  const content = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`"${file}": the vocabulary cannot be read (${cause.code})`, { cause });
  });
  return { name: "vocab.txt", content, size: countWords(file, content) };
}

/** @throws ConfigError when it is no vocabulary of a BERT */
function countWords(file: string, content: Buffer): number {
  const words = new TextDecoder()
    .decode(content)
    .replace(/\r?\n$/, "")
    .split(/\r?\n/);
  if (!words.includes("[CLS]"))
    throw new ConfigError(`"${basename(file)}" is not a BERT vocabulary: it has no line "[CLS]" among its ${words.length} lines`);
  return words.length;
}
