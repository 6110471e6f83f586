import { expect, test } from "vitest";
import { modalitiesIn } from "../../text/modality-words.ts";
import { type PromptKind, wordingsOf } from "./wordings.ts";

const textsOf = (target: string, kind: PromptKind, given = {}) =>
  wordingsOf({ target, paraphrase: [], contradiction: [], ...given }, 42).flatMap((one) => (one.kind === kind ? [one.text] : []));

test("the right prompt comes first, and ids are unique", () => {
  const all = wordingsOf({ target: "the lungs", paraphrase: [], contradiction: [] }, 42);
  expect(all[0]).toEqual({ id: "right", kind: "right", text: "the lungs" });
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
});

test("paraphrases keep the words of the target", () => {
  expect(textsOf("A breast ultrasound showing a mass.", "paraphrase")).toEqual([
    "in this image: a breast ultrasound showing a mass",
    "A breast ultrasound showing a mass, as visible in the picture",
    "the picture shows a breast ultrasound showing a mass",
  ]);
  expect(textsOf("MRI of the brain", "paraphrase")[0]).toBe("in this image: MRI of the brain");
});

test("contradictory prompts name neither the organ nor the modality of the target", () => {
  for (const target of ["A chest X-ray showing the lungs", "kidney in CT", "the thyroid in ultrasound"]) {
    const texts = textsOf(target, "contradiction");
    expect(texts).toHaveLength(3);
    for (const text of texts) for (const name of modalitiesIn(text)) expect(modalitiesIn(target)).not.toContain(name);
  }
  expect(textsOf("kidney", "contradiction").join(" ")).not.toContain("kidney");
});

test("given wordings take the place of ours", () => {
  expect(textsOf("a", "paraphrase", { paraphrase: ["b"] })).toEqual(["b"]);
  expect(textsOf("a", "contradiction", { contradiction: ["c", "d"] })).toEqual(["c", "d"]);
});

test("gibberish is the same for the same seed", () => {
  const given = { target: "a", paraphrase: [], contradiction: [] };
  expect(wordingsOf(given, 1)).toEqual(wordingsOf(given, 1));
  expect(wordingsOf(given, 1)).not.toEqual(wordingsOf(given, 2));
});
