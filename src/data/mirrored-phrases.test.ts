import { expect, test } from "vitest";
import { mirroredPhrases } from "./mirrored-phrases.ts";

const of = (phrases: Record<string, readonly string[]>) => Object.fromEntries(mirroredPhrases(new Map(Object.entries(phrases))));

test("a phrase without a side stays, one with a side becomes that of the other, by any wording", () => {
  expect(
    of({
      "the heart": ["the heart", "the cardiac shadow"],
      "the left lung": ["the left lung", "left lung"],
      "lung on the right": ["lung on the right", "right lung"],
    }),
  ).toEqual({ "the heart": "the heart", "the left lung": "lung on the right", "lung on the right": "the left lung" });
  expect(of({ "left and right lungs": ["left and right lungs", "both lungs"] })).toEqual({
    "left and right lungs": "left and right lungs",
  });
});

test("a phrase is left out whose other side is not in the table, or of which some wordings alone name a side", () => {
  expect(of({ "left lung": ["left lung"], heart: ["heart"] })).toEqual({ heart: "heart" });
  expect(of({ "the nodule": ["the nodule", "the nodule of the left lung"] })).toEqual({});
  expect(of({ nodule: ["nodule", "left nodule"], "right nodule": ["right nodule"] })).toEqual({ "right nodule": "nodule" });
});
