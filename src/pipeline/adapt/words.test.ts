import { describe, expect, test } from "vitest";
import { wordVocabulary } from "../../phantom/vocabulary.ts";
import { wordPieceOf } from "../../text/wordpiece.ts";
import { adaptWords, everydayThings, isReadable, promptProblems } from "./words.ts";

const tokenizer = wordPieceOf(wordVocabulary(["the skin lesion", "a mass", "of", ...everydayThings]).join("\n"), {
  source: "words",
  config: {},
});
const known = (sentence: string) => isReadable(sentence, tokenizer, 64);

describe("the words of an adaptation", () => {
  test("a target is asked for in sentences, with either article and without, once each", () => {
    const { target } = adaptWords(["the skin lesion."], [], known);
    expect(target).toEqual(expect.arrayContaining(["the skin lesion", "skin lesion", "segment a skin lesion", "show me skin lesion"]));
    expect(new Set(target).size).toBe(target.length);
    expect(target.join()).not.toMatch(/lesion\./);
  });

  test("things of the prompt are not absent, and things of the measurement are not trained", () => {
    const { absent, asked } = adaptWords(["the inner table of a bone like a train", "tables"], [], known);
    const trained = absent.flat();
    expect(asked).toHaveLength(3);
    for (const sentence of asked) expect(trained).not.toContain(sentence);
    for (const thing of ["table", "train"]) expect([...trained, ...asked].some((sentence) => sentence.includes(thing))).toBe(false);
    expect(trained).toContain("a photo of a dog");
  });

  test("what the user names as absent is a phrase of its own, and words that the model lacks are left out", () => {
    const { absent, asked } = adaptWords(["the lesion"], ["the mass"], (sentence) => /dog/.test(sentence));
    expect(absent).toHaveLength(2);
    expect(absent[0]).toContain("find the mass");
    expect(absent[1]).toEqual(["a dog", "the dog", "a photo of a dog"]);
    expect(asked).toEqual([]);
  });

  test("a prompt cannot split the table's wordings", () => {
    expect(adaptWords(["lesion|mass"], [], known).target.join()).not.toContain("|");
  });
});

describe("what a pack cannot read of a prompt", () => {
  test("unknown words are named", () => {
    expect(promptProblems(["the skin lesion"], tokenizer, 64, "p")).toEqual([]);
    const [warning] = promptProblems(["the skin lesion of the xyzzy"], tokenizer, 64, "p");
    expect(warning).toBe('words of "the skin lesion of the xyzzy" that the pack does not know, so they do not tell targets apart: "xyzzy"');
  });

  test("a prompt without any known word is refused, with words that are known", () => {
    expect(() => promptProblems(["the skin lesion", "the xyzzy"], tokenizer, 64, "p")).toThrow(
      'adapt: the pack "p" knows no content word of the prompt "the xyzzy" (unknown: "xyzzy"), so it could not tell it from others. Call the target by words that it knows, such as "the lesion", "the mass": the adapted pack then finds the target by these words.',
    );
  });
});
