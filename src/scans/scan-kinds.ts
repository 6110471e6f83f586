import type { DicomScan, NiftiScan, Scan } from "./scan.ts";

/** Whether a scan is a series of DICOM files as acquired, whose headers are known. */
export function isDicomScan(scan: Scan): scan is DicomScan {
  return scan.source === "dicom" && scan.cut === undefined;
}

/** Whether a scan is a NIfTI volume cut by its own axes, whose header is known. */
export function isNiftiScan(scan: Scan): scan is NiftiScan {
  return scan.source === "nifti" && scan.cut === undefined;
}
