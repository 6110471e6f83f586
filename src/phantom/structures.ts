import type { Modality } from "./phantom.ts";

/** Wordings for a structure. All name the same pixels; the first is the plainest. */
export interface StructureWords {
  readonly phrases: readonly string[];
  /** Wordings that fit one kind alone, by `facts.kind`. */
  readonly kinds?: Readonly<Record<string, readonly string[]>>;
  /** Other modalities that also show it without an outline: it must not be labelled absent there. */
  readonly seenIn?: readonly Modality[];
}

const chest: readonly Modality[] = ["chest-xray", "chest-ct"];

/** All structures with masks, by mask name. */
export const structureWords = {
  skin: {
    phrases: ["the skin", "skin", "the skin layer", "the skin line"],
    seenIn: ["brain-mri", ...chest],
  },
  fat: {
    phrases: ["the fat layer", "the subcutaneous fat", "the fat under the skin", "subcutaneous fat tissue", "the layer of fat"],
    seenIn: ["brain-mri", ...chest],
  },
  gland: {
    phrases: ["the fibroglandular tissue", "the glandular tissue", "the breast parenchyma", "the gland", "fibroglandular tissue"],
    seenIn: chest,
  },
  muscle: {
    phrases: ["the pectoral muscle", "the chest wall muscle", "the muscle", "the pectoralis muscle", "the muscle layer"],
    seenIn: ["brain-mri", ...chest],
  },
  lesion: {
    phrases: ["the breast lesion", "the breast mass", "the breast tumor", "the mass in the breast", "a breast tumor"],
    kinds: {
      benign: ["the benign breast tumor", "a benign breast mass", "the benign lesion of the breast", "the benign lesion in the breast"],
      malignant: ["the malignant breast tumor", "a malignant breast mass", "the malignant lesion of the breast", "the breast cancer"],
    },
  },
  brain: { phrases: ["the brain", "brain tissue", "the brain parenchyma", "the whole brain"] },
  ventricles: {
    phrases: ["the ventricles", "the brain ventricles", "the ventricles of the brain", "the cerebral ventricles", "the ventricular system"],
  },
  skull: { phrases: ["the skull", "skull", "the skull bone", "the cranial bone", "the bone round the brain"] },
  tumor: {
    phrases: ["the brain tumor", "a brain tumor", "the tumor in the brain", "the intracranial tumor", "the tumor of the brain"],
    kinds: {
      meningioma: ["the meningioma", "a meningioma", "the tumor of the meninges", "the meningioma tumor"],
      glioma: ["the glioma", "a glioma", "the glioma tumor", "the glial tumor"],
      pituitary: ["the pituitary tumor", "a pituitary tumor", "the pituitary adenoma", "the tumor of the pituitary gland"],
    },
  },
  left_lung: { phrases: ["the left lung", "left lung", "the lung on the left side", "the left lung field"] },
  right_lung: { phrases: ["the right lung", "right lung", "the lung on the right side", "the right lung field"] },
  /** Derived: the union of left and right lung, as far as they are in view. */
  lungs: { phrases: ["the lungs", "lungs", "the lung fields", "the lung tissue", "the pulmonary fields"] },
  heart: { phrases: ["the heart", "heart", "the cardiac silhouette", "the cardiac shadow"] },
  nodule: {
    phrases: ["the lung nodule", "the nodule", "a pulmonary nodule", "the nodule in the lung", "the round lung opacity"],
    seenIn: ["breast-ultrasound"],
  },
  consolidation: {
    phrases: ["the consolidation", "the lung consolidation", "an airspace consolidation", "the patchy lung opacity", "the pneumonia"],
  },
  aorta: { phrases: ["the aorta", "aorta", "the thoracic aorta", "the aortic vessel"], seenIn: ["chest-xray"] },
  spine: { phrases: ["the spine", "the vertebra", "the vertebral body", "the spinal column"], seenIn: ["chest-xray"] },
} as const satisfies Readonly<Record<string, StructureWords>>;
export type StructureName = keyof typeof structureWords;
export const structureNames = Object.keys(structureWords) as StructureName[];

/** Wordings of a structure. */
export function wordsOf(structure: StructureName): StructureWords {
  return structureWords[structure];
}

/** What a modality's pictures can show, lesions first; `lungs` is the union of its sides. */
export const structuresOf: Readonly<Record<Modality, readonly StructureName[]>> = {
  "breast-ultrasound": ["lesion", "muscle", "fat", "gland", "skin"],
  "brain-mri": ["tumor", "brain", "ventricles", "skull"],
  "chest-xray": ["nodule", "consolidation", "left_lung", "right_lung", "heart", "lungs"],
  "chest-ct": ["nodule", "left_lung", "right_lung", "heart", "aorta", "spine", "lungs"],
};

/** Structures that are a finding; a scan without one is normal. */
export const lesions: readonly StructureName[] = ["lesion", "tumor", "nodule", "consolidation"];

/** Phrases for objects that no image shows. Undrawn organs (the liver below a lung) are not among them. */
export const distractors: readonly (readonly string[])[] = [
  ["a cat", "the cat"],
  ["a dog", "the dog"],
  ["a car", "the car on the road"],
  ["a tree", "the tree"],
  ["a house", "the house"],
  ["a bicycle", "the bicycle"],
  ["a flower", "the flower"],
  ["an airplane", "the airplane in the sky"],
  ["the knee", "the knee joint"],
  ["a tooth", "the teeth"],
  ["the hand", "the bones of the hand"],
  ["the foot", "the ankle"],
];
