import type { GrayImage, Mask } from "../image/index.ts";

/** Modalities of synthetic scans. */
export const modalities = ["breast-ultrasound", "brain-mri", "chest-xray", "chest-ct"] as const;
export type Modality = (typeof modalities)[number];

/** Facts about a structure that a caption can state. */
export interface StructureFacts {
  /** Of the patient, not of the picture: radiographs and axial slices show the patient's left at the right. */
  readonly side?: "left" | "right" | "midline" | undefined;
  readonly size?: "small" | "medium" | "large" | undefined;
  /** What it is: "benign" or "malignant", "meningioma", "nodule". */
  readonly kind?: string | undefined;
  /** Where it lies: "upper zone", "frontal". */
  readonly site?: string | undefined;
}

/** A structure that an image shows. */
export interface Structure {
  readonly mask: Mask;
  readonly facts: StructureFacts;
}

/** A synthetic scan and its ground truth. */
export interface Phantom {
  readonly modality: Modality;
  /** [S, S] */
  readonly image: GrayImage;
  /** By name, such as `left_lung`; only what is visible, so no mask is empty. */
  readonly structures: ReadonlyMap<string, Structure>;
}
