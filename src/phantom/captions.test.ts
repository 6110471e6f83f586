import { describe, expect, test } from "vitest";
import { wordPieceOf } from "../text/wordpiece.ts";
import {
  caption,
  Draws,
  distractors,
  lesions,
  type Modality,
  modalities,
  phrasesOf,
  promptFor,
  type StructureFacts,
  structureCaption,
  structureNames,
  structuresOf,
  vocabulary,
  wordsOf,
} from "./index.ts";

const seen = (modality: Modality, structures: Record<string, StructureFacts>) => ({
  modality,
  structures: new Map(Object.entries(structures).map(([name, facts]) => [name, { facts }])),
});
/** Captions of one ground truth with many random wordings. */
const captions = (modality: Modality, structures: Record<string, StructureFacts>) =>
  Array.from({ length: 60 }, (_, i) => caption(seen(modality, structures), `caption ${i}`, 1));

/** One ground truth of each modality, and one without a lesion. */
const truths: Readonly<Record<Modality, Record<string, StructureFacts>>> = {
  "breast-ultrasound": { lesion: { kind: "malignant", size: "small", site: "deep" }, fat: {}, gland: {} },
  "brain-mri": { tumor: { kind: "glioma", side: "right", size: "large", site: "frontal" }, brain: {}, ventricles: {} },
  "chest-xray": { nodule: { kind: "nodule", side: "left", size: "medium", site: "upper zone" }, heart: {}, left_lung: { side: "left" } },
  "chest-ct": { nodule: { kind: "nodule", side: "right", size: "small" }, aorta: {}, right_lung: { side: "right" } },
};

describe("captions", () => {
  test("vary in words and order", () => {
    for (const modality of modalities) expect(new Set(captions(modality, truths[modality])).size).toBeGreaterThan(40);
  });

  test("state kind, size, side and site, and never their opposites", () => {
    for (const text of captions("breast-ultrasound", truths["breast-ultrasound"])) {
      expect(text).toMatch(/\b(small|little) .*malignant.* deep (part|half)/);
      expect(text).not.toMatch(/benign|large|big|medium|moderate|upper|muscle|\bno\b|normal/);
    }
    for (const text of captions("brain-mri", truths["brain-mri"])) {
      expect(text).toMatch(/\b(large|big) .*glioma/);
      expect(text).toMatch(/right/);
      expect(text).toMatch(/frontal/);
      expect(text).not.toMatch(/left|meningioma|pituitary|small|skull|\bno\b/);
    }
    for (const text of captions("chest-xray", truths["chest-xray"])) {
      expect(text).toMatch(/(medium|moderate).*nodule/);
      expect(text).toMatch(/upper zone/);
      expect(text).not.toMatch(/right|consolidation|opacity|lower|\bno\b|normal/);
    }
    for (const text of captions("chest-ct", truths["chest-ct"])) {
      expect(text).toMatch(/nodule in the right lung/);
      expect(text).not.toMatch(/left|heart|cardiac|undefined|\{/);
    }
  });

  test("state that a normal scan has no lesion", () => {
    for (const modality of modalities) {
      const organs = Object.fromEntries(
        Object.entries(truths[modality]).filter(([name]) => !(lesions as readonly string[]).includes(name)),
      );
      for (const text of captions(modality, organs)) expect(text).toMatch(/\bno\b|without/i);
    }
  });

  test("a lesion without further facts gives a caption without gaps", () => {
    for (const text of captions("brain-mri", { tumor: {} })) {
      expect(text).not.toMatch(/undefined|\{| {2}| \./);
      expect(text).toMatch(/^[A-Z]/);
    }
  });
});

describe("words", () => {
  test("no wording stands for two structures", () => {
    const phrases = structureNames.flatMap((name) => [...wordsOf(name).phrases, ...Object.values(wordsOf(name).kinds ?? {}).flat()]);
    const all = [...phrases, ...distractors.flat()];
    expect(new Set(all).size).toBe(all.length);
    for (const phrase of all) expect(phrase).not.toContain("|");
  });

  test("every structure of a modality has four wordings or more, and lesions those of their kind", () => {
    for (const name of Object.values(structuresOf).flat()) expect(phrasesOf(name).length).toBeGreaterThanOrEqual(4);
    expect(phrasesOf("tumor", { kind: "glioma" })).toContain("the glioma");
    expect(phrasesOf("tumor", { kind: "glioma" })).not.toContain("the meningioma");
    expect(distractors.length).toBeGreaterThanOrEqual(12);
  });
});

describe("the vocabulary", () => {
  const tokens = vocabulary();
  const tokenizer = wordPieceOf(tokens.join("\n"));
  const unknown = tokens.indexOf("[UNK]");
  /** Tokens without the start and the end. */
  const idsOf = (text: string) => tokenizer.encode(text).ids.slice(1, -1);

  test("begins as BERT's, has no token twice, and stays small", () => {
    expect(tokens.slice(0, 5)).toEqual(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(tokens.length).toBeLessThan(500);
  });

  test("has every word of captions, phrases and prompts whole", () => {
    const draws = new Draws("prompts", 1);
    const texts = modalities.flatMap((modality) => [
      ...captions(modality, truths[modality]),
      ...captions(modality, {}),
      ...structuresOf[modality].flatMap((name) =>
        phrasesOf(name).flatMap((phrase) => [structureCaption(modality, phrase, draws), promptFor(modality, phrase, draws)]),
      ),
      ...captions(modality, { ...truths[modality], ...Object.fromEntries(structuresOf[modality].map((name) => [name, {}])) }),
    ]);
    for (const text of [...texts, ...distractors.flat()]) {
      expect(idsOf(text).map((id) => tokens[id])).toEqual(text.toLowerCase().match(/[a-z0-9]+|[^\sa-z0-9]/g));
    }
  });

  test("spells other words", () => {
    for (const text of ["a photo of a cat", "Xylophone 42%, zebra-like!"]) expect(idsOf(text)).not.toContain(unknown);
  });
});
