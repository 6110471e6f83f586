/** The formats in which masks of whole scans are written; `scanWriters` has a writer for each. */
export const scanFormats = ["png", "nifti", "dicom-seg", "rtstruct", "sr", "secondary-capture", "coco", "nnunet"] as const;
export type ScanFormat = (typeof scanFormats)[number];

/** Those that are DICOM objects, which belong to the study of their source. */
export const dicomFormats: readonly ScanFormat[] = ["dicom-seg", "rtstruct", "sr", "secondary-capture"];
