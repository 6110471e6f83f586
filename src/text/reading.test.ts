import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { ConfigError } from "../errors.ts";
import { captionWarnings, countWords, readingOf, readingWarnings, requireWords } from "./reading.ts";
import { wordPieceOf } from "./wordpiece.ts";

// Words alone, as in the vocabulary of a small model.
const tokenizer = wordPieceOf("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nthe\nheart\nlung\n##s\nshowing\nimage\nx\n-\nray\nof\n12\nmm");
const reading = (sentence: string, contextLength = 64) => readingOf(sentence, tokenizer, contextLength);

test.each(["", "   ", "\t\n\u00a0", "\u200b\u200d\ufeff", "...!?", "🫁", "👩‍⚕️ 🫁", "\u3164", "\u0301", "—"])(
  "a prompt without words is refused: %j",
  (sentence) => {
    expect(() => requireWords(sentence, "--prompt")).toThrow(ConfigError);
    expect(() => requireWords(sentence, "--prompt")).toThrow(/^--prompt: a text prompt needs words, got ".*Describe what to look for/s);
  },
);

test.each(["heart", "肺", "🫁 肺", "Καρδιά", "12", "L5", "قلب", "हृदय", "e\u0301"])(
  "a prompt with a letter or digit passes: %s",
  (sentence) => {
    expect(() => requireWords(sentence, "--prompt")).not.toThrow();
  },
);

test("words missing from the vocabulary are named, each once; punctuation is not", () => {
  expect(reading("The spleen, the SPLEEN and the lungs")).toEqual({
    unknown: ["spleen", "SPLEEN", "and"],
    spelled: [],
    cut: undefined,
    saysSomething: true,
  });
  expect(reading("x-ray")).toMatchObject({ unknown: [], saysSomething: true });
  expect(reading("🫁 肺").unknown).toEqual(["🫁", "肺"]);
});

test("a prompt needs a known content word: fillers do not count", () => {
  expect(reading("an image showing the spleen").saysSomething).toBe(false);
  expect(reading("The image of the").saysSomething).toBe(false);
  expect(reading("an image showing the heart").saysSomething).toBe(true);
  expect(reading("12 mm").saysSomething).toBe(true);
});

describe("a vocabulary of some words and all letters", () => {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789".split("");
  const pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...letters, ...letters.map((letter) => `##${letter}`)];
  const spelling = wordPieceOf([...pieces, "heart", "lung", "left", "tumor", "shown", "t1"].join("\n"));
  const read = (sentence: string) => readingOf(sentence, spelling, 64);

  test.each(["MRT", "xyz", "lungz", "Lunge", "shownq", "tumorr", "leftt", "con", "of", "naïve", "lungzs"])("%s is spelled", (word) => {
    expect(read(word)).toMatchObject({ unknown: [], spelled: [word], saysSomething: false });
  });

  test.each(["lung", "Lungs", "TUMORS", "T1"])("%s is known", (word) => {
    expect(read(word)).toMatchObject({ unknown: [], spelled: [], saysSomething: true });
  });

  test.each(["12345", "3.5", "T2w", "L5", "x", "A b c"])("%s has no content, and is not named", (word) => {
    expect(read(word)).toMatchObject({ unknown: [], spelled: [], saysSomething: false });
  });

  test("the warnings say so", () => {
    expect(readingWarnings(["the spleen"], spelling, 64)).toEqual([
      'no content word of the text prompt "the spleen" is in the model\'s vocabulary',
      'not in the model\'s vocabulary, so read letter by letter: "the", "spleen"',
    ]);
    expect(read("T2ü肺")).toMatchObject({ unknown: ["T2ü肺"], saysSomething: false });
  });
});

test("ideographs are words of one letter", () => {
  const ideographs = wordPieceOf("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n肺\n癌\n左\n侧");
  expect(readingOf("左侧肺癌", ideographs, 64)).toMatchObject({ unknown: [], spelled: [], saysSomething: true });
});

// Frequent words of radiology, dermatology, ophthalmology and pathology, with their plurals and Latin endings.
const medicalWords = (
  "abdomen abscess acetabulum adenocarcinoma adenoma adipose adrenal alveolar amygdala aneurysm angiogram ankle anterior aorta aortic appendicitis " +
  "appendix artery arthritis ascites astrocytoma atelectasis atria axilla basal benign biliary biopsy bladder bone bowel brain brainstem breast " +
  "bronchi bronchiectasis bronchus calcaneus calcification calcifications calculus callosum carcinoma cardiac cardiomegaly carotid cartilage caudate " +
  "cavity cerebellar cerebellum cerebral cervical cervix chondrosarcoma choroid cirrhosis clavicle cochlea colon consolidation contrast cornea " +
  "coronary cortex costophrenic cranial cyst cysts dermoscopy diaphragm disc drusen duct ductal duodenum dura edema effusion embolism " +
  "emphysema endometrium endoscopy ependymoma epidural esophagus exudates femoral femur fetal fibroadenoma fibroglandular fibroids fibrosis fibula " +
  "fissure fistula foramen fovea fracture frontal fundus gallbladder gallstones ganglia gastric glaucoma glioblastoma glioma gliomas hematoma " +
  "hemorrhage hepatic hepatocellular hernia hila hilar hilum hippocampi hippocampus humerus hydrocephalus hyperintense hypodense hypoechoic ilia " +
  "iliac infarct inguinal intestine ischemia ischemic jejunum keratosis kidney kidneys larynx lesion lesions leukemia ligament lipoma liver lobe " +
  "lobes lumbar lung lungs lymph lymphoma macula malignant mammography mandible mass masses mastoid maxilla maxillary mediastinum medulloblastoma " +
  "melanoma meninges meningioma meningiomas meniscus mesentery metastases metastasis microaneurysms mitral mucosa muscle myocardium nasal necrosis " +
  "neoplasm nerve nevi nevus nodular nodule nodules occipital oedema opacities opacity optic orbit osteoarthritis osteophyte osteosarcoma ovary pancreas " +
  "parenchyma parietal patella pectoralis pelvis pericardium peritoneum pharynx pituitary placentae plaque pleura pleural pneumonia pneumothorax " +
  "polyps prostate pulmonary radiograph rectum renal retina retinopathy ribs sacrum sagittal sarcoma scapula schwannoma sclera scoliosis septa " +
  "sinus skull spine spleen sternum stomach subcutaneous tendons thalamus thorax thrombosis thymus thyroid tibia trachea tumor tumors tumour " +
  "tumours ultrasound ureters uterus uvea varices vein veins ventricle ventricles vertebra vertebrae vessels villi vitreous"
).split(" ");

describe.each(["bert_base_uncased", "scibert_scivocab_uncased"])("the vocabulary %s", (name) => {
  describeWith([`data/vocab/${name}_vocab.txt`], "of a trained language model", () => {
    const trained = wordPieceOf(readFileSync(sharedPath(`data/vocab/${name}_vocab.txt`), "utf8"));
    const read = (sentence: string) => readingOf(sentence, trained, 64);

    test(`knows ${medicalWords.length} medical words`, () => {
      expect(medicalWords.filter((word) => !read(word).saysSomething)).toEqual([]);
      expect(medicalWords.flatMap((word) => [...read(word).spelled, ...read(word).unknown])).toEqual([]);
    });

    test.each(["lungz", "tumorr", "leftt", "livr"])("does not know %s", (word) => {
      expect(read(word)).toMatchObject({ spelled: [word], saysSomething: false });
    });
  });
});

test("the words of captions are counted, each time they occur, and a tenth may be unknown", () => {
  const counts = countWords(["The heart, a spleen", "a Spleen of 12 mm", "the lungs"], tokenizer);
  expect(counts).toEqual({ all: 11, notKnown: new Map([["spleen", 2]]) });
  expect(captionWarnings(counts)).toEqual(['18 % of the words in captions are not in the model\'s vocabulary, most often: "spleen"']);
  expect(captionWarnings({ ...counts, all: 20 })).toEqual([]);
  expect(captionWarnings(countWords([], tokenizer))).toEqual([]);
});

test("the truncated part of a long text is reported, and does not count as read", () => {
  expect(reading("the lungs of the heart", 5)).toMatchObject({ unknown: [], cut: "of the heart", saysSomething: true });
  expect(reading("the lungs", 4)).toMatchObject({ unknown: [], cut: "lungs", saysSomething: false });
  expect(reading("the lungs", 5).cut).toBeUndefined();
});

test("the warnings are sentences that name the words", () => {
  const warnings = readingWarnings(["the spleen the heart"], tokenizer, 5);
  expect(warnings).toEqual([
    'no content word of the text prompt "the spleen the heart" is in the model\'s vocabulary',
    'not in the model\'s vocabulary, so read as [UNK]: "spleen"',
    'the text prompt is longer than 5 tokens and was truncated; the model does not see "heart"',
  ]);
  expect(readingWarnings(["the heart"], tokenizer, 64)).toEqual([]);
  const several = ["the heart and spleen", "a spleen", "the lungs and kidney"];
  expect(readingWarnings(several, tokenizer, 64)).toEqual([
    'no content word of the text prompt "a spleen" is in the model\'s vocabulary',
    'not in the model\'s vocabulary, so read as [UNK]: "and", "spleen", "kidney"',
  ]);
});
