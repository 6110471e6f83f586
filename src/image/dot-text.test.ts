import { expect, test } from "vitest";
import { textDots } from "./dot-text.ts";

const drawn = (text: string): string[] => {
  const lines = Array.from({ length: 5 }, () => Array<string>(text.length * 4 - 1).fill("."));
  for (const { column, row } of textDots(text)) lines[row]![column] = "#";
  return lines.map((line) => line.join(""));
};

test("letters are three dots wide and one apart", () => {
  expect(drawn("T1")).toEqual([
    "###..#.", //
    ".#..##.",
    ".#...#.",
    ".#...#.",
    ".#..###",
  ]);
});

test("small letters are drawn as capitals, and what has no glyph is blank", () => {
  expect(textDots("dem")).toEqual(textDots("DEM"));
  expect(textDots(" ?")).toEqual([]);
});

test("no two glyphs are alike", () => {
  const glyphs = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-"].map((letter) => drawn(letter).join());
  expect(new Set(glyphs).size).toBe(glyphs.length);
});
