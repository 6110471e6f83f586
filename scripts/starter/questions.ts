/** What the starter pack is asked for when it is measured: sentences that were not all seen in training, and ones about what an image does not show. */
import { join } from "node:path";
import type { Scan } from "./tables.ts";
import type { Kind } from "./words.ts";

/** Something that is asked of the images of a set: the sentence of the tables, and three others for the same. */
export interface Question {
  /** Of the mask in `ImageOfSet.masks`. */
  readonly name: string;
  readonly sentences: readonly [string, ...string[]];
}

/** An image, and the files of its ground truth by name. */
export interface ImageOfSet {
  readonly file: string;
  readonly masks: ReadonlyMap<string, string>;
}

/** Images of one source. */
export interface MeasuredSet {
  readonly name: string;
  /** own: sources of the training images, other patients; apart: sources that the pack never saw. */
  readonly role: "own" | "apart";
  readonly images: readonly ImageOfSet[];
  readonly questions: readonly Question[];
  /** Sentences about what no image of the set shows. */
  readonly absent: readonly string[];
}

export const breast: Question = {
  name: "breast lesion",
  sentences: [
    "the breast lesion",
    "A breast ultrasound showing a breast tumor",
    "outline the mass in this sonogram of the breast",
    "a hypoechoic nodule in the breast",
  ],
};
const brain: Question = {
  name: "brain tumour",
  sentences: [
    "the brain tumour",
    "A brain MRI showing a brain tumor",
    "outline the intracranial neoplasm",
    "the enhancing tumor in this MRI of the head",
  ],
};
const lungs: Question = {
  name: "lungs",
  sentences: ["the lungs", "A chest X-ray showing the lungs", "outline both lung fields", "the left and the right lung"],
};
const lungsOfCt: Question = {
  ...lungs,
  sentences: ["the lungs", "A chest CT showing the lungs", "outline both lung fields", "the left and the right lung"],
};
const left: Question = { name: "left lung", sentences: ["the left lung", "lung on the patient's left side"] };
const right: Question = { name: "right lung", sentences: ["the right lung", "lung on the patient's right side"] };
const nuclei: Question = {
  name: "cell nuclei",
  sentences: ["the cell nuclei", "A microscopy image showing nuclei", "outline all nuclei", "the nuclei of the cells"],
};

export const things = ["a bicycle", "a dog on a sofa", "the kidney"];

export const questionsOf = {
  us_breast_tumor: { questions: [breast], absent: ["the brain tumour", "the lungs", ...things] },
  mri_brain_tumor: { questions: [brain], absent: ["the breast lesion", "the lungs", ...things] },
  xray_chest_lungs: { questions: [lungs, left, right], absent: ["the brain tumour", "the breast lesion", ...things] },
  ct_lung: { questions: [lungsOfCt, left, right], absent: ["the brain tumour", "the breast lesion", ...things] },
  microscopy_nuclei: { questions: [nuclei], absent: ["the brain tumour", "the lungs", ...things] },
} as const satisfies Record<Kind, Pick<MeasuredSet, "questions" | "absent">>;

const setNames: Readonly<Record<Kind, string>> = {
  us_breast_tumor: "breast ultrasound, BUS-BRA",
  mri_brain_tumor: "brain MRI, figshare",
  xray_chest_lungs: "chest X-ray, children",
  ct_lung: "chest CT, TCIA",
  microscopy_nuclei: "nuclei, BBBC038",
};

/** The images of a split of the training data, a set for each kind of scan. @param data - folder with `training/` and `data/` */
export function setsOf(data: string, scans: readonly Scan[], split: Scan["split"]): MeasuredSet[] {
  return (Object.keys(questionsOf) as Kind[]).map((kind) => ({
    ...{ name: setNames[kind], role: "own", ...questionsOf[kind] },
    images: scans.filter((scan) => scan.kind === kind && scan.split === split).map((scan) => imageOf(data, scan)),
  }));
}

const imageOf = (data: string, { image, masks }: Scan): ImageOfSet => ({
  file: join(data, image),
  masks: new Map([...masks].map(([name, file]) => [name, join(data, file)])),
});
