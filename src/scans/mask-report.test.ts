import { expect, test } from "vitest";
import { MaskGuesses } from "./mask-report.ts";

test("each kind of guess is reported once, in the same words whatever the order of reading", () => {
  const read = [
    ["b.png", ["soft edges"]],
    ["a.png", ["soft edges"]],
    ["d.png", ["one value"]],
    ["c.png", ["two colours"]],
  ] as const;
  const sentencesOf = (order: typeof read | readonly (typeof read)[number][]) => {
    const guesses = new MaskGuesses();
    for (const [file, warnings] of order) guesses.add(file, warnings);
    return guesses.sentences();
  };
  const expected = ['2 masks, such as "a.png": soft edges', 'mask "d.png": one value', 'mask "c.png": two colours'];
  expect(sentencesOf(read)).toEqual(expected);
  expect(sentencesOf([...read].reverse())).toEqual(expected);
});
