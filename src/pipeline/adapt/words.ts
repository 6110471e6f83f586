import { ConfigError } from "../../errors.ts";
import { readingOf } from "../../text/reading.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";

/** Sentences in which people ask for something that they name in a few words. */
export const askingSentences: readonly ((words: string) => string)[] = [
  (words) => words,
  (words) => `segment ${words}`,
  (words) => `find ${words}`,
  (words) => `${words}, please`,
  (words) => `where is ${words}`,
  (words) => `show me ${words}`,
  (words) => `the outline of ${words}`,
];

/** Things that no medical image shows. */
export const everydayThings: readonly string[] = (
  "bicycle cat dog car house tree pizza laptop chair bottle guitar airplane horse banana keyboard bridge clock boat flower river mountain " +
  "street sofa table window door shoe hat umbrella ball kite train bus truck bird fish cow sheep elephant zebra giraffe apple orange sandwich"
).split(" ");

/** Of every so many everyday things one is left out of the training: whether it counts as absent is measured. */
const askedEvery = 8;

/** How many of them are asked for in a measurement. */
const mostAsked = 3;

/** What is asked of the images in training, and in a measurement of what they do not show. */
export interface AdaptWords {
  /** Wordings of the target. */
  readonly target: readonly string[];
  /** Captions of an image that does not show it. */
  readonly normal: readonly string[];
  /** Wordings of each thing that no image shows. */
  readonly absent: readonly (readonly string[])[];
  /** Sentences about other things that no image shows, for a measurement alone. */
  readonly asked: readonly string[];
}

/**
 * The words of an adaptation.
 *
 * @param prompts - text prompts of the target
 * @param absent - what the user knows that no image shows
 * @param isKnown - whether the model knows all words of a sentence
 */
export function adaptWords(prompts: readonly string[], absent: readonly string[], isKnown: (sentence: string) => boolean): AdaptWords {
  const own = new Set(prompts.flatMap(wordsIn));
  // "table" is no word of "the inner table of the skull", where it is a bone.
  const things = everydayThings.filter((thing) => !own.has(thing) && !own.has(`${thing}s`) && isKnown(thing));
  const isAsked = (_: string, i: number) => i % askedEvery === 0 && i < askedEvery * mostAsked && things.length > mostAsked;
  const trained = things.filter((thing, i) => !isAsked(thing, i));
  return {
    target: wordingsOf(prompts),
    normal: wordingsOf(["a normal image"]),
    absent: [
      ...absent.map((one) => wordingsOf([one])),
      ...(trained.length > 0 ? [trained.flatMap((thing) => [`a ${thing}`, `the ${thing}`, `a photo of a ${thing}`])] : []),
    ],
    asked: things.filter(isAsked).map((thing) => `a ${thing}`),
  };
}

/** Each prompt in each sentence, with either article and without. A "|" would separate wordings in a table. */
function wordingsOf(prompts: readonly string[]): string[] {
  const wordings = prompts.flatMap((prompt) => {
    const words = plain(prompt);
    const bare = words.replace(/^(a|an|the) /i, "");
    return [words, bare, `the ${bare}`, `a ${bare}`].flatMap((named) => askingSentences.map((sentence) => sentence(named)));
  });
  return [...new Set(wordings)];
}

const plain = (prompt: string): string =>
  prompt
    .replaceAll("|", " ")
    .replace(/\s+/gu, " ")
    .trim()
    .replace(/[.!?]+$/, "");

const wordsIn = (sentence: string): string[] => sentence.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/**
 * What a model cannot read of the prompts.
 *
 * @returns warnings that name unknown words
 * @throws ConfigError when the model knows no content word of a prompt
 */
export function promptProblems(prompts: readonly string[], tokenizer: Tokenizer, contextLength: number, pack: string): string[] {
  return prompts.flatMap((prompt) => {
    const { unknown, spelled, cut, saysSomething } = readingOf(prompt, tokenizer, contextLength);
    const names = quoted([...unknown, ...spelled]);
    if (!saysSomething) throw new ConfigError(unreadable(prompt, names, suggestions(tokenizer, contextLength), pack));
    return [
      ...(names === "" ? [] : [`words of "${prompt}" that the pack does not know, so they do not tell targets apart: ${names}`]),
      ...(cut === undefined
        ? []
        : [`"${prompt}" is longer than the ${contextLength} tokens that the pack reads; it does not see "${cut}"`]),
    ];
  });
}

function unreadable(prompt: string, names: string, known: readonly string[], pack: string): string {
  const lacks = names === "" ? "" : ` (unknown: ${names})`;
  const example = known.length === 0 ? "" : `, such as ${quoted(known)}`;
  return `adapt: the pack "${pack}" knows no content word of the prompt "${prompt}"${lacks}, so it could not tell it from others. Call the target by words that it knows${example}: the adapted pack then finds the target by these words.`;
}

/** Plain words for a target that the vocabulary has. */
function suggestions(tokenizer: Tokenizer, contextLength: number): string[] {
  const plainWords = ["the lesion", "the mass", "the tumor", "the organ", "the structure"];
  return plainWords.filter((words) => readingOf(words, tokenizer, contextLength).saysSomething).slice(0, 3);
}

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(", ");

/** Whether a model knows all words of a sentence, and one of them has a meaning. */
export function isReadable(sentence: string, tokenizer: Tokenizer, contextLength: number): boolean {
  const { unknown, spelled, saysSomething } = readingOf(sentence, tokenizer, contextLength);
  return saysSomething && unknown.length + spelled.length === 0;
}
