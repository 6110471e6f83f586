import { expect, test } from "vitest";
import { conceptOf } from "./concepts.ts";

const typeOf = (text: string) => {
  const { type, modifier, region } = conceptOf(text);
  return [type.meaning, modifier?.meaning, region?.meaning].filter((part) => part !== undefined).join(" / ");
};

test.each([
  ["lungs", "Lung"],
  ["left lung", "Lung / Left"],
  ["Right_Lung", "Lung / Right"],
  ["the lungs", "Lung"],
  ["left atrium", "Left atrium"],
  ["kidneys", "Kidney"],
  ["left kidney", "Kidney / Left"],
  ["carotid artery", "Common carotid artery"],
  ["lung nodule", "Nodule / Lung"],
  ["brain tumour", "Neoplasm / Brain"],
  ["brain tumor", "Neoplasm / Brain"],
  ["Pituitary tumours", "Neoplasm / Pituitary"],
  ["breast-mass", "Mass / Breast"],
  ["skin lesion", "Lesion / Skin"],
])('"%s" is %s', (text, expected) => {
  const { category, type } = conceptOf(text);
  expect(typeOf(text)).toBe(expected);
  expect([category.scheme, type.scheme]).toEqual(["SCT", "SCT"]);
});

test.each([
  "no lung",
  "lung base",
  "left heart",
  "right atrium",
  "lungs and heart",
  "internal carotid artery",
  "liver metastasis",
  "__proto__",
  "masses",
])('"%s" is no organ of the table: it keeps its own words under a private code', (text) => {
  const { type, modifier, region } = conceptOf(text);
  expect(type).toMatchObject({ scheme: "99MEDCLIPSAM", meaning: text });
  expect(type.value).toMatch(/^P[0-9A-Z]{1,15}$/);
  expect([modifier, region]).toEqual([undefined, undefined]);
});

test("an unknown prompt is abnormal if it says so, else tissue", () => {
  expect(conceptOf("an odd lesion of the spine").category.value).toBe("49755003");
  expect(conceptOf("spine").category.value).toBe("85756007");
});

test("a target's name counts before its prompt, and the prompt is what an unknown target is called", () => {
  expect(conceptOf("heart", ["An X-ray showing the heart"]).type.meaning).toBe("Heart");
  expect(conceptOf("a", ["left lung"]).modifier?.meaning).toBe("Left");
  expect(conceptOf("a", ["A chest X-ray showing no lung"]).type).toMatchObject({
    scheme: "99MEDCLIPSAM",
    meaning: "A chest X-ray showing no lung",
  });
});

test("codes are unique: one value has one meaning, one concept one value", () => {
  const names = ["lung", "heart", "left atrium", "brain", "trachea", "carotid", "prostate", "liver", "spleen", "kidney", "breast mass"];
  const others = ["breast lesion", "lung nodule", "brain tumor", "meningioma", "pituitary tumor", "skin lesion", "left lung", "right lung"];
  const concepts = [...names, ...others].map((name) => conceptOf(name));
  const codes = concepts.flatMap(({ category, type, modifier, region }) =>
    [category, type, modifier, region].filter((code) => code !== undefined),
  );
  const meanings = new Map(codes.map(({ value, meaning }) => [value, meaning]));
  for (const { value, meaning } of codes) expect(meanings.get(value)).toBe(meaning);
  expect(new Set(meanings.values()).size).toBe(meanings.size);
  expect(new Set(concepts.map((concept) => JSON.stringify(concept))).size).toBe(concepts.length);
});

test("private codes of two prompts differ, and a long prompt is cut in its meaning", () => {
  expect(conceptOf("spine").type.value).not.toBe(conceptOf("spines").type.value);
  const { meaning } = conceptOf(`a\\b\n${"long ".repeat(40)}`).type;
  expect(meaning.length).toBeLessThanOrEqual(64);
  expect(meaning).toMatch(/^a b long/);
});
