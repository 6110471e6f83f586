/**
 * The words of the starter pack: what its models are asked for in training, in the wordings of users. Each target has wordings; each wording is put
 * into sentences. Words of the user's own that none of them contains are unknown to the model, and named in a warning.
 */
import { askingSentences, everydayThings } from "../../src/pipeline/adapt/words.ts";

/** Kinds of scans of the training data, by the names of their folders. */
export type Kind = "mri_brain_tumor" | "us_breast_tumor" | "xray_chest_lungs" | "ct_lung" | "microscopy_nuclei";

/** What a kind of scan is called. */
export const kindNames: Readonly<Record<Kind, readonly string[]>> = {
  mri_brain_tumor: ["brain MRI", "brain MR image", "T1-weighted MRI of the brain", "contrast-enhanced MRI", "MRI scan of the head", "MRI"],
  us_breast_tumor: ["breast ultrasound", "ultrasound image of the breast", "breast US", "breast sonogram", "ultrasound scan", "ultrasound"],
  xray_chest_lungs: ["chest X-ray", "chest radiograph", "frontal chest radiograph", "CXR", "PA chest film", "X-ray of the thorax", "X-ray"],
  ct_lung: ["chest CT", "CT slice of the chest", "axial chest CT", "thoracic CT", "CT scan", "computed tomography of the thorax", "CT"],
  microscopy_nuclei: [
    "microscopy image",
    "fluorescence microscopy image",
    "light microscopy image",
    "stained tissue section",
    "micrograph",
  ],
};

/** Something that can be asked for. */
export interface Asked {
  /** Its name in tables. */
  readonly name: string;
  readonly wordings: readonly string[];
  /** Where it is asked for, if the sentences name a kind of scan. */
  readonly kind?: Kind;
}

const lungs = [
  "the lungs",
  "both lungs",
  "lungs",
  "the lung fields",
  "the pulmonary fields",
  "lung parenchyma",
  "left and right lung",
  "the lung",
];
const leftLung = [
  "the left lung",
  "left lung",
  "the lung on the patient's left",
  "left lung field",
  "the left pulmonary field",
  "left-sided lung",
];
const rightLung = leftLung.map((words) => words.replaceAll("left", "right"));
const brainTumour = [
  "the brain tumour",
  "the brain tumor",
  "brain tumor",
  "brain tumour",
  "a tumor in the brain",
  "a tumour of the brain",
  "the intracranial mass",
  "intracranial tumor",
  "the brain lesion",
  "lesion in the brain",
  "an enhancing mass in the brain",
  "brain neoplasm",
  "brain cancer",
  "the cerebral tumour",
];
const breastLesion = [
  "the breast lesion",
  "breast lesion",
  "the breast tumour",
  "breast tumor",
  "the breast mass",
  "a mass in the breast",
  "the lesion in the breast",
  "a hypoechoic mass",
  "the hypoechoic lesion",
  "breast nodule",
  "the nodule in the breast",
  "a breast tumour",
  "a breast mass",
];

/** All that is asked for; `shown` below says what it is in the data. */
export const asked: readonly Asked[] = [
  { name: "lungs", wordings: lungs },
  { name: "left lung", wordings: leftLung },
  { name: "right lung", wordings: rightLung },
  { name: "lungs, X-ray", wordings: lungs, kind: "xray_chest_lungs" },
  { name: "left lung, X-ray", wordings: leftLung, kind: "xray_chest_lungs" },
  { name: "right lung, X-ray", wordings: rightLung, kind: "xray_chest_lungs" },
  { name: "lungs, CT", wordings: lungs, kind: "ct_lung" },
  { name: "left lung, CT", wordings: leftLung, kind: "ct_lung" },
  { name: "right lung, CT", wordings: rightLung, kind: "ct_lung" },
  { name: "trachea", wordings: ["the trachea", "trachea", "the windpipe", "the main airway"] },
  { name: "brain tumour", wordings: brainTumour },
  { name: "brain tumour, MRI", wordings: brainTumour, kind: "mri_brain_tumor" },
  {
    name: "meningioma",
    wordings: ["the meningioma", "meningioma", "a meningioma", "the meningeal tumour", "an extra-axial tumor", "the dural-based mass"],
  },
  {
    name: "glioma",
    wordings: ["the glioma", "glioma", "a glioma", "the glial tumour", "an intra-axial tumor", "glioblastoma", "astrocytoma"],
  },
  {
    name: "pituitary tumour",
    wordings: [
      "the pituitary tumour",
      "pituitary tumor",
      "a pituitary adenoma",
      "the pituitary adenoma",
      "the sellar mass",
      "pituitary macroadenoma",
    ],
  },
  { name: "breast lesion", wordings: breastLesion },
  { name: "breast lesion, ultrasound", wordings: breastLesion, kind: "us_breast_tumor" },
  {
    name: "benign breast lesion",
    wordings: ["the benign breast lesion", "a benign breast tumour", "benign breast tumor", "fibroadenoma", "a breast cyst", "benign mass"],
  },
  {
    name: "malignant breast lesion",
    wordings: [
      "the malignant breast lesion",
      "a malignant breast tumour",
      "malignant breast tumor",
      "breast cancer",
      "breast carcinoma",
      "invasive ductal carcinoma",
    ],
  },
  {
    name: "lesion",
    wordings: ["the lesion", "the tumour", "the tumor", "tumor", "the mass", "a lesion", "the abnormality", "the suspicious region"],
  },
  {
    name: "cell nuclei",
    wordings: ["the cell nuclei", "cell nuclei", "nuclei", "the nuclei of the cells", "all nuclei", "nuclear regions"],
  },
];

/** Sentences with a kind of scan, in which a wording stands. */
const sentencesOfKind = [
  (words: string, kind: string) => `A ${kind} showing ${words}`,
  (words: string, kind: string) => `${words} in a ${kind}`,
  (words: string, kind: string) => `${kind}: ${words}`,
  (words: string, kind: string) => `segment ${words} in this ${kind}`,
  (words: string, kind: string) => `This ${kind} shows ${words}.`,
];

/** All sentences that ask for something: each wording in each sentence, or of sentences with a kind of scan as many as it has names. */
export function sentencesFor({ wordings, kind }: Asked): string[] {
  if (!kind) return wordings.flatMap((words) => askingSentences.map((sentence) => sentence(words)));
  const names = kindNames[kind];
  return wordings.flatMap((words, i) => names.map((name, k) => sentencesOfKind[(i + k) % sentencesOfKind.length]!(words, name)));
}

/** Parts of the body that are not in the training images of a kind, or not to be found in them. */
export const otherParts: readonly string[] = [
  ...[
    "kidney",
    "prostate",
    "uterus",
    "ovary",
    "knee",
    "meniscus",
    "ankle",
    "achilles tendon",
    "hip",
    "femur",
    "tibia",
    "wrist",
    "hand",
    "foot",
  ],
  ...[
    "tooth",
    "mandible",
    "bladder",
    "appendix",
    "colon",
    "rectum",
    "testis",
    "elbow",
    "finger",
    "toe",
    "patella",
    "pelvis",
    "sacrum",
    "placenta",
  ],
];

/** Wordings for what is never shown. */
export const absentWordings: readonly string[] = [
  ...everydayThings.flatMap((thing) => [`a ${thing}`, `a photo of a ${thing}`, `the ${thing}`]),
  ...otherParts.flatMap((part) => [`the ${part}`, `segment the ${part}`]),
];
