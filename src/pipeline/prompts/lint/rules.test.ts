import { expect, test } from "vitest";
import type { Reading } from "../../../text/reading.ts";
import type { PromptList } from "./prompt-lists.ts";
import { type Examined, promptRules } from "./rules.ts";

const list = (...sentences: string[]): PromptList => ({ where: "here", sentences });
const keyed = (key: string, ...sentences: string[]): PromptList => ({ where: `"${key}"`, sentences, key });
const examined = (lists: PromptList[], more: Partial<Examined> = {}): Examined => ({ lists, modalitiesOf: () => [], ...more });
const messages = (rule: keyof typeof promptRules, of: Examined) =>
  promptRules[rule](of).map(({ where, message }) => `${where}: ${message}`);
const read = (reading: Partial<Reading>) => () => ({ unknown: [], spelled: [], cut: undefined, saysSomething: true, ...reading });

test("words of another modality than the image's", () => {
  const of = (...sentences: string[]) => examined([list(...sentences)], { modalitiesOf: () => ["ultrasound"] });
  expect(messages("modality", of("a breast mammogram", "a breast sonogram", "a mass"))).toEqual([
    'here: mammogram in an image of ultrasound: "a breast mammogram"',
  ]);
});

test("words of several modalities in an ensemble, where that of the image is not known", () => {
  expect(messages("modality", examined([list("a CT of the lungs", "the lungs in MRI")]))).toEqual([
    "here: words of several modalities: CT, MRI",
  ]);
  expect(messages("modality", examined([list("a mammogram, which is an X-ray", "PET/CT")]))).toHaveLength(1);
  expect(messages("modality", examined([list("a mammogram, which is an X-ray")]))).toEqual([]);
  expect(messages("modality", examined([list("a CT"), list("an MRI")]))).toEqual([]);
});

test("what the model cuts off, cannot know, or has nothing to read from", () => {
  expect(messages("tokens", examined([list("a b c")], { readingOf: read({ cut: "c" }) }))).toEqual([
    'here: too long for the model, which does not see "c": "a b c"',
  ]);
  const two = examined([list("zyx"), keyed("a.png", "zyx and wvu")], { readingOf: (text) => read({ unknown: text.split(" and ") })() });
  expect(messages("vocabulary", two)).toEqual([
    'here, "a.png": "zyx" is not in the model\'s vocabulary',
    '"a.png": "wvu" is not in the model\'s vocabulary',
  ]);
  const empty = examined([list("...", "an image")], { readingOf: read({ saysSomething: false }) });
  expect(messages("empty", empty)).toEqual([
    'here: there are no words: "..."',
    'here: no word that the model knows says what to look for: "an image"',
  ]);
  // That a sentence is too long is said by its own rule.
  expect(messages("empty", examined([list("a".repeat(99))], { readingOf: read({ saysSomething: false, cut: "a" }) }))).toEqual([]);
});

test("control characters", () => {
  expect(messages("control", examined([list("a mass", "a\u001b[31m mass\0")]))).toEqual([
    'here: control characters (U+001B, U+0000): "a\u001b[31m mass\0"',
  ]);
});

test("prompts that differ by image and name a class have the label in them", () => {
  const found = messages("leak", examined([keyed("a.png", "a benign mass"), keyed("b.png", "a malignant mass"), keyed("c.png", "a mass")]));
  expect(found).toHaveLength(2);
  expect(found[0]).toContain('"a.png": names benign, and other images have other words: the label is in the prompt');
  expect(messages("leak", examined([keyed("a.png", "a glioma"), keyed("b.png", "the glioma there")]))).toEqual([]);
  expect(messages("leak", examined([list("a benign mass", "a malignant mass")]))).toEqual([]);
});

test("each target is compared with itself", () => {
  const lists = ["a.png", "b.png"].flatMap((key) => [
    { ...keyed(key, "the lungs"), target: "lungs" },
    { ...keyed(key, "pneumonia"), target: "disease" },
  ]);
  expect(messages("leak", examined(lists))).toEqual([]);
});

test("generic sentences beside lists per class name no class", () => {
  const lists = [list("a benign mass", "a mass"), { ...list("a benign mass"), className: "benign" }];
  expect(messages("leak", examined(lists))).toEqual(["here: names benign, though it is for images of all classes"]);
});

test("a sentence that stands twice in a list", () => {
  expect(messages("duplicate", examined([list("A mass.", "a  mass", "the mass"), list("a mass")]))).toEqual([
    'here: stands there twice: "a  mass"',
  ]);
});
