import { cocoWriter } from "./coco/coco-writer.ts";
import { rtStructWriter } from "./dicom/rtstruct/write-rtstruct.ts";
import { scWriter } from "./dicom/sc/write-sc.ts";
import { segWriter } from "./dicom/seg/write-seg.ts";
import { srWriter } from "./dicom/sr/write-sr.ts";
import { niftiWriter } from "./nifti-scan.ts";
import { nnunetWriter } from "./nnunet-writer.ts";
import { pngWriter } from "./png-scan.ts";
import type { ScanWriter } from "./scan-writer.ts";

/** The formats in which masks of whole scans are written. */
export const scanWriters = {
  png: pngWriter,
  nifti: niftiWriter,
  "dicom-seg": segWriter,
  rtstruct: rtStructWriter,
  sr: srWriter,
  "secondary-capture": scWriter,
  coco: cocoWriter,
  nnunet: nnunetWriter,
} as const satisfies Record<string, ScanWriter>;

/** Names of the formats. */
export const scanFormats = Object.keys(scanWriters) as [keyof typeof scanWriters, ...(keyof typeof scanWriters)[]];
