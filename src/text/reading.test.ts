import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { readingOf, readingWarnings, requireWords } from "./reading.ts";
import { wordPieceOf } from "./wordpiece.ts";

// Words alone, as in the vocabulary of a small model.
const tokenizer = wordPieceOf("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nthe\nheart\nlung\n##s\nshowing\nimage\nx\n-\nray\nof\n12\nmm");
const reading = (sentence: string, contextLength = 64) => readingOf(sentence, tokenizer, contextLength);

test.each(["", "   ", "\t\n\u00a0", "\u200b\u200d\ufeff", "...!?", "🫁", "👩‍⚕️ 🫁", "\u3164", "\u0301", "—"])(
  "a prompt without words is refused: %j",
  (sentence) => {
    expect(() => requireWords(sentence, "--prompt")).toThrow(ConfigError);
    expect(() => requireWords(sentence, "--prompt")).toThrow(/^--prompt: a text prompt needs words, got ".*Describe what to look for/s);
  },
);

test.each(["heart", "肺", "🫁 肺", "Καρδιά", "12", "L5", "قلب", "हृदय", "e\u0301"])(
  "a prompt with a letter or digit passes: %s",
  (sentence) => {
    expect(() => requireWords(sentence, "--prompt")).not.toThrow();
  },
);

test("words missing from the vocabulary are named, each once; punctuation is not", () => {
  expect(reading("The spleen, the SPLEEN and the lungs")).toEqual({
    unknown: ["spleen", "SPLEEN", "and"],
    spelled: [],
    cut: undefined,
    saysSomething: true,
  });
  expect(reading("x-ray")).toMatchObject({ unknown: [], saysSomething: true });
  expect(reading("🫁 肺").unknown).toEqual(["🫁", "肺"]);
});

test("a prompt needs a known content word: fillers do not count", () => {
  expect(reading("an image showing the spleen").saysSomething).toBe(false);
  expect(reading("The image of the").saysSomething).toBe(false);
  expect(reading("an image showing the heart").saysSomething).toBe(true);
  expect(reading("12 mm").saysSomething).toBe(true);
});

test("a word that the vocabulary has only letter by letter is not known; short ones and numbers may be codes", () => {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789".split("");
  const pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...letters, ...letters.map((letter) => `##${letter}`), "heart", "lung"];
  const spelling = wordPieceOf(pieces.join("\n"));
  const read = (sentence: string) => readingOf(sentence, spelling, 64);
  expect(read("the Spleen")).toMatchObject({ unknown: [], spelled: ["Spleen"], saysSomething: false });
  expect(read("naïve heart")).toMatchObject({ spelled: ["naïve"], saysSomething: true });
  expect(read("T1")).toMatchObject({ spelled: [], saysSomething: true });
  expect(read("lungs")).toMatchObject({ spelled: [], saysSomething: true });
  expect(readingWarnings(read("the spleen"), "the spleen", 64)).toEqual([
    'no content word of the text prompt "the spleen" is in the model\'s vocabulary',
    'not in the model\'s vocabulary, so read letter by letter: "spleen"',
  ]);
});

test("the truncated part of a long text is reported, and does not count as read", () => {
  expect(reading("the lungs of the heart", 5)).toMatchObject({ unknown: [], cut: "of the heart", saysSomething: true });
  expect(reading("the lungs", 4)).toMatchObject({ unknown: [], cut: "lungs", saysSomething: false });
  expect(reading("the lungs", 5).cut).toBeUndefined();
});

test("the warnings are sentences that name the words", () => {
  const warnings = readingWarnings(reading("the spleen the heart", 5), "the spleen the heart", 5);
  expect(warnings).toEqual([
    'no content word of the text prompt "the spleen the heart" is in the model\'s vocabulary',
    'not in the model\'s vocabulary, so read as [UNK]: "spleen"',
    'the text prompt is longer than 5 tokens and was truncated; the model does not see "heart"',
  ]);
  expect(readingWarnings(reading("the heart"), "the heart", 64)).toEqual([]);
});
