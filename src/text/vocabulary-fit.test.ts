import { expect, test } from "vitest";
import { vocabularyFit } from "./vocabulary-fit.ts";
import { wordPieceOf } from "./wordpiece.ts";

/** A vocabulary of so many words whose special tokens begin at a line. */
function words(size: number, special = 0) {
  const lines = Array.from({ length: size }, (_, i) => `word${i}`);
  lines.splice(special, 5, "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
  return wordPieceOf(lines.join("\n"));
}

test.each([
  [14, 30522],
  [1001, 1000],
  [28996, 32768],
])("a vocabulary of %i words for a table of %i rows is another model's", (size, rows) => {
  expect(vocabularyFit(words(size), "vocab.txt", { vocabulary: rows }).problem).toBe(
    `the vocabulary in "vocab.txt" has ${size} words, the word embedding ${rows} rows. They belong to different models: use the model's own vocabulary.`,
  );
});

test.each([
  [1000, 1000],
  [30522, 30592],
  [10, 64],
])("a table of %i words may be padded to %i rows", (size, rows) => {
  expect(vocabularyFit(words(size), "vocab.txt", { vocabulary: rows })).toEqual({ warnings: [] });
});

test("somewhat fewer words than rows are doubtful", () => {
  expect(vocabularyFit(words(30522), "vocab.txt", { vocabulary: 31090 }).warnings).toEqual([
    expect.stringContaining("Is it the model's own?"),
  ]);
});

test("special tokens of another BERT under PubMedBERT's name are doubtful, though the size is right", () => {
  const names = ["microsoft/BiomedNLP-PubMedBERT-base-uncased-abstract", "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract"];
  for (const name of names) {
    expect(vocabularyFit(words(200, 99), "vocab.txt", { vocabulary: 200 }, name).warnings[0]).toMatch(
      /has \[CLS\] and \[SEP\] at 101 and 102, but/,
    );
    expect(vocabularyFit(words(200), "vocab.txt", { vocabulary: 200 }, name).warnings).toEqual([]);
  }
  expect(vocabularyFit(words(200, 99), "vocab.txt", { vocabulary: 200 }, "bert-base-uncased").warnings).toEqual([]);
});
