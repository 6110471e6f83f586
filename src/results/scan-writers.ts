import { cocoWriter } from "./coco/coco-writer.ts";
import { rtStructWriter } from "./dicom/rtstruct/write-rtstruct.ts";
import { scWriter } from "./dicom/sc/write-sc.ts";
import { segWriter } from "./dicom/seg/write-seg.ts";
import { srWriter } from "./dicom/sr/write-sr.ts";
import { niftiWriter } from "./nifti-scan.ts";
import { nnunetWriter } from "./nnunet-writer.ts";
import { pngWriter } from "./png-scan.ts";
import type { ScanFormat } from "./scan-formats.ts";
import type { ScanWriter } from "./scan-writer.ts";

/** What writes masks of whole scans, by format. */
export const scanWriters: Readonly<Record<ScanFormat, ScanWriter>> = {
  png: pngWriter,
  nifti: niftiWriter,
  "dicom-seg": segWriter,
  rtstruct: rtStructWriter,
  sr: srWriter,
  "secondary-capture": scWriter,
  coco: cocoWriter,
  nnunet: nnunetWriter,
};
