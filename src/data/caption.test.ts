import fc from "fast-check";
import { expect, test } from "vitest";
import { describeWith, sharedJson } from "../../test/support/shared-data.ts";
import { captionProblem, cleanCaption, openClipCaption } from "./caption.ts";
import { screenPairs } from "./pairs.ts";

test("tags, entities and typographic signs become plain text", () => {
  expect(cleanCaption("<p>Patient’s &quot;claw sign&quot;<br/>&amp;lt;3 cm²</p>")).toBe("Patient's claw sign 3 cm2");
});

test("a bracket that is no tag is a special character, and what follows it stays", () => {
  expect(cleanCaption("nodule (<5mm)")).toBe("nodule ( 5mm)");
});

test("cleaning twice is cleaning once, where no entity is left to decode and no invisible character keeps an accent from its letter", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const cleaned = cleanCaption(text.replace(/[&\p{Cf}]/gu, ""));
      expect(cleanCaption(cleaned)).toBe(cleaned);
    }),
  );
});

test.each([
  ["", "empty"],
  ["123 456", "no letters"],
  ["Nineteen letters ab", "short"],
  ["Twenty letters in ab", undefined],
  ["𠮷𠮷 abcdefghijklmnop", "short"], // 19 characters, of which two take two units each
])("the problem of %j is %s", (cleaned, problem) => {
  expect(captionProblem(cleaned)).toBe(problem);
});

test("open_clip's cleaning keeps everything but entities and spaces", () => {
  expect(openClipCaption("  A &amp;amp; B\n “C” ² ")).toBe("A & B “C” ²");
});

describeWith(["parity/learn/captions.json"], "captions of the reference rule", () => {
  interface Case {
    image: string;
    raw: string;
    cleaned: string;
    keep: boolean;
    reason: string;
  }
  const cases = sharedJson<Case[]>("parity/learn/captions.json");

  test("all are cleaned to the same text", () => {
    expect(cases.map(({ raw }) => cleanCaption(raw))).toEqual(cases.map(({ cleaned }) => cleaned));
  });

  test("the same ones are dropped, for the same reasons", () => {
    const pairs = cases.map(({ image, raw }, i) => ({ key: String(i), image: { file: image }, caption: raw }));
    const { kept, dropped } = screenPairs(pairs, "paper");
    expect(kept.map(({ key }) => key)).toEqual(cases.flatMap(({ keep }, i) => (keep ? [String(i)] : [])));
    expect(dropped.map(({ key, reason }) => [key, reason])).toEqual(
      cases.flatMap(({ keep, reason }, i) => (keep ? [] : [[String(i), reason]])),
    );
  });
});
