import { ConfigError } from "../errors.ts";
import type { Tokenizer, WordPiece } from "./tokenizer.ts";

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
  /** Words that the vocabulary has only letter by letter, at least at their end, each once: the model cannot know what they mean. */
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
  const { truncated } = tokenizer.encode(sentence, { contextLength });
  let [length, saysSomething] = [2, false];
  for (const { 0: word, index } of sentence.matchAll(wordOrSign)) {
    const pieces = tokenizer.pieces(word);
    length += pieces.length;
    if (truncated && length > contextLength) return { ...reading(), cut: sentence.slice(index) };
    const kind = kindOf(word, pieces, tokenizer);
    if (kind === "unknown") unknown.add(word);
    else if (kind === "spelled") spelled.add(word);
    else if (kind === "content" && !fillers.has(word.toLowerCase())) saysSomething = true;
  }
  return { ...reading(), cut: undefined };
}

/** Words of several texts, counted. */
export interface WordCounts {
  readonly all: number;
  /** Those that the vocabulary lacks or has only letter by letter, in lower case, most frequent first. */
  readonly notKnown: ReadonlyMap<string, number>;
}

/** Counts the words of texts, such as captions, and those among them that the vocabulary lacks. */
export function countWords(texts: Iterable<string>, tokenizer: Tokenizer): WordCounts {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(wordOrSign)) {
      if (letterOrDigit.test(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  let all = 0;
  const notKnown = new Map<string, number>();
  for (const [word, count] of counts) {
    all += count;
    const kind = kindOf(word, tokenizer.pieces(word), tokenizer);
    const key = word.toLowerCase();
    if (kind === "unknown" || kind === "spelled") notKnown.set(key, (notKnown.get(key) ?? 0) + count);
  }
  return { all, notKnown: new Map([...notKnown].sort(([, a], [, b]) => b - a)) };
}

const letterOrDigit = /[\p{L}\p{N}]/u;

/**
 * How the model reads a word. Numbers and single letters have no content. Codes of letters and digits, such as "T1", have content only if
 * the vocabulary has them whole; otherwise the model may or may not know them, and there is no warning.
 */
function kindOf(
  word: string,
  pieces: readonly WordPiece[],
  { unknownId, hasWordParts }: Tokenizer,
): "unknown" | "spelled" | "content" | "none" {
  if (pieces.some(({ id }) => id === unknownId)) return /\p{P}/u.test(word) ? "none" : "unknown";
  if (!/\p{L}/u.test(word)) return "none";
  if (/\p{N}/u.test(word)) return pieces.length === 1 ? "content" : "none";
  if (/^[\p{Lu}\p{Ll}]\p{M}*$/u.test(word)) return "none"; // other scripts have words of one letter
  return wordsOf(pieces).every((own) => meansSomething(own, hasWordParts)) ? "content" : "spelled";
}

/** Ideographs are words of their own. */
function wordsOf(pieces: readonly WordPiece[]): string[][] {
  const words: string[][] = [];
  for (const { text, continues } of pieces) {
    if (continues && words.length > 0) words.at(-1)!.push(text);
    else words.push([text]);
  }
  return words;
}

/**
 * A vocabulary with all letters has pieces for any word. A word has meaning if it is whole, or if a piece after the first is more than a
 * letter. Of single letters only endings count: the plural "s", and with parts of words in the vocabulary those of Latin ("vertebra", "bronchi").
 */
function meansSomething([first, ...rest]: readonly string[], hasWordParts: boolean): boolean {
  if (rest.length === 0 || rest.some((piece) => lettersOf(piece) > 1)) return true;
  const stem = lettersOf(first!);
  const ending = rest.join("").toLowerCase();
  return (ending === "s" && stem >= 2) || (hasWordParts && /^[aei]$/.test(ending) && stem >= 3);
}

const lettersOf = (piece: string): number => piece.match(/[\p{L}\p{N}]/gu)?.length ?? 0;

/** Warnings about how a model reads the sentences of a text prompt; words are named once for all sentences. */
export function readingWarnings(sentences: readonly string[], tokenizer: Tokenizer, contextLength: number): string[] {
  const readings = sentences.map((sentence) => ({ sentence, ...readingOf(sentence, tokenizer, contextLength) }));
  const notRead = (how: "unknown" | "spelled", as: string): string[] => {
    const words = new Set(readings.flatMap((reading) => reading[how]));
    return words.size > 0 ? [`not in the model's vocabulary, so read ${as}: ${quoted([...words])}`] : [];
  };
  const empty = readings.filter(({ saysSomething }) => !saysSomething);
  return [
    ...empty.map(({ sentence }) => `no content word of the text prompt "${shortened(sentence)}" is in the model's vocabulary`),
    ...notRead("unknown", "as [UNK]"),
    ...notRead("spelled", "letter by letter"),
    ...readings.flatMap(({ cut }) =>
      cut === undefined
        ? []
        : [`the text prompt is longer than ${contextLength} tokens and was truncated; the model does not see "${shortened(cut)}"`],
    ),
  ];
}

const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}...` : text);
const quoted = (words: readonly string[]): string => words.map((word) => `"${shortened(word)}"`).join(", ");

/** Fraction of unknown words in captions up to which there is no warning. */
const acceptedShare = 0.1;

/** Warns that a model cannot read many words of captions. */
export function captionWarnings({ all, notKnown }: WordCounts): string[] {
  const share = [...notKnown.values()].reduce((sum, count) => sum + count, 0) / Math.max(1, all);
  if (share <= acceptedShare) return [];
  const words = quoted([...notKnown.keys()].slice(0, 5));
  return [`${Math.round(100 * share)} % of the words in captions are not in the model's vocabulary, most often: ${words}`];
}
