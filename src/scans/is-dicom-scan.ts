import type { DicomScan, Scan } from "./scan.ts";

/** Whether a scan is a series of DICOM files as acquired, whose headers are known. */
export function isDicomScan(scan: Scan): scan is DicomScan {
  return scan.source === "dicom" && scan.cut === undefined;
}
