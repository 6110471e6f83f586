import { captionTexts } from "./captions.ts";
import { distractors, structureNames, wordsOf } from "./structures.ts";

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
const punctuation = [..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"];

/** The words of the captions, phrases and prompts of phantoms as a vocabulary; see `wordVocabulary`. */
export function vocabulary(): readonly string[] {
  const phrases = structureNames.flatMap((name) => [...wordsOf(name).phrases, ...Object.values(wordsOf(name).kinds ?? {}).flat()]);
  return wordVocabulary([...captionTexts, ...phrases, ...distractors.flat()]);
}

/**
 * A WordPiece vocabulary in BERT's form (`vocab.txt`, one token a line, lower case): the special tokens, every letter and digit at the start of
 * a word and inside one, punctuation, then the words of some texts. Any English word can be spelled with it.
 */
export function wordVocabulary(texts: readonly string[]): readonly string[] {
  const words = texts.flatMap((text) => text.toLowerCase().match(/[a-z0-9]+/g) ?? []);
  const sorted = [...new Set(words)].filter((word) => word.length > 1).sort();
  return [...special, ...punctuation, ...letters, ...letters.map((letter) => `##${letter}`), ...sorted];
}
