import { ConfigError } from "../errors.ts";
import type { Tokenizer } from "./wordpiece.ts";

/** Words that are not content words: a prompt needs at least one other word in the vocabulary. In lower case. */
const fillers = new Set(
  (
    "a an the this that these those of in on at by to from for with without and or as is are was be it its there here " +
    "show shows showing shown see seen view depicting depicts visible present containing contains contain find segment " +
    "image images picture pictures photo photograph scan scans slice frame medical patient patients region area part"
  ).split(" "),
);

/** Letters and digits make a word; combining marks belong to the letter before. Every other sign that is no space stands alone, as BERT splits. */
const wordOrSign = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*|[^\s]/gu;

/** Invisible characters, some of which count as letters (the Hangul filler). */
const invisible = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Refuses a sentence without letters or digits: spaces, punctuation, emoji, invisible signs.
 *
 * @param where - what the message calls the place it came from
 * @throws ConfigError
 */
export function requireWords(sentence: string, where: string): void {
  if (/[\p{L}\p{N}]/u.test(sentence.replace(invisible, ""))) return;
  throw new ConfigError(
    `${where}: a text prompt needs words, got ${JSON.stringify(sentence)}. Describe what to look for, such as "A chest X-ray showing the lungs".`,
  );
}

/** How a model reads a text prompt. */
export interface Reading {
  /** Words and signs, but for punctuation, that the vocabulary lacks, each once: the model reads [UNK], whatever they mean. */
  readonly unknown: readonly string[];
  /** Words that the vocabulary has only letter by letter, each once: the model cannot know what they mean. */
  readonly spelled: readonly string[];
  /** The end of the text that is beyond the context, if it is too long. */
  readonly cut: string | undefined;
  /** Whether a content word is in the vocabulary and within the context. */
  readonly saysSomething: boolean;
}

/** Goes through a sentence word by word, as the tokenizer does. @param contextLength - ids that the model takes, with start and end */
export function readingOf(sentence: string, tokenizer: Tokenizer, contextLength: number): Reading {
  const unknown = new Set<string>();
  const spelled = new Set<string>();
  const reading = () => ({ unknown: [...unknown], spelled: [...spelled], saysSomething });
  let [length, saysSomething] = [2, false];
  for (const { 0: word, index } of sentence.matchAll(wordOrSign)) {
    const pieces = tokenizer.encode(word).ids.slice(1, -1);
    length += pieces.length;
    if (length > contextLength) return { ...reading(), cut: sentence.slice(index) };
    if (pieces.includes(tokenizer.unknownId)) {
      if (!/\p{P}/u.test(word)) unknown.add(word);
    } else if (isSpelled(word, pieces.length)) {
      spelled.add(word);
    } else if (/[\p{L}\p{N}]/u.test(word) && !fillers.has(word.toLowerCase())) saysSomething = true;
  }
  return { ...reading(), cut: undefined };
}

/** A vocabulary with all letters has a piece for each of any word. Short words and numbers are codes such as "T1", which may well be read so. */
function isSpelled(word: string, pieces: number): boolean {
  const letters = word.normalize("NFD").match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  return letters >= 4 && pieces === letters && /^[\p{L}\p{M}]+$/u.test(word);
}

/** Warnings about a reading. */
export function readingWarnings({ unknown, spelled, cut, saysSomething }: Reading, sentence: string, contextLength: number): string[] {
  const quoted = (words: readonly string[]) => words.map((word) => `"${shortened(word)}"`).join(", ");
  return [
    ...(saysSomething ? [] : [`no content word of the text prompt "${shortened(sentence)}" is in the model's vocabulary`]),
    ...(unknown.length > 0 ? [`not in the model's vocabulary, so read as [UNK]: ${quoted(unknown)}`] : []),
    ...(spelled.length > 0 ? [`not in the model's vocabulary, so read letter by letter: ${quoted(spelled)}`] : []),
    ...(cut === undefined
      ? []
      : [`the text prompt is longer than ${contextLength} tokens and was truncated; the model does not see "${shortened(cut)}"`]),
  ];
}

const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}...` : text);
