import { expect, test } from "vitest";
import type { Pair, PairSet } from "../data/index.ts";
import { wordPieceOf } from "../text/wordpiece.ts";
import { pairWarnings } from "./pair-warnings.ts";

const tokenizer = wordPieceOf("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nheart\nlung\n##s");
const setOf = (...captions: string[]): PairSet => {
  const pairs = captions.map((caption, i): Pair => ({ key: `${i}`, image: { file: `${i}.png` }, caption }));
  return { pairs, dropped: [], reasons: {}, warnings: [] };
};

test("captions with many words that the model does not know are one warning, which names the most frequent ones", () => {
  const warningsOf = (...captions: string[]) => pairWarnings(setOf(...captions), { truncated: 0, contextLength: 64, tokenizer });
  expect(warningsOf("a spleen", "a spleen, a kidney", "the lungs")).toEqual([
    '50 % of the words in captions are not in the model\'s vocabulary, most often: "spleen", "kidney", "the"',
  ]);
  expect(warningsOf("a heart", "a lung", "lungs")).toEqual([]);
});
