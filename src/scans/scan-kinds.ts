import type { DicomScan, NiftiScan, Scan } from "./scan.ts";

/** Whether a scan is a series of DICOM files, whose headers are known. */
export function isDicomScan(scan: Scan): scan is DicomScan {
  return scan.source === "dicom";
}

/** Whether a scan is a NIfTI volume, whose own axes are known. */
export function isNiftiScan(scan: Scan): scan is NiftiScan {
  return scan.source === "nifti";
}
