import { readFileSync } from "node:fs";
import { type DicomObject, readDicom } from "../../src/dicom/read-file.ts";
import type { SourceFrame } from "../../src/results/dicom/source.ts";
import { sharedNames, sharedPath } from "./shared-data.ts";

/** Reads a DICOM file of the parity cases. */
export function openCase(...parts: string[]): DicomObject {
  const name = sharedPath("parity/dicom", ...parts);
  return readDicom({ name, bytes: readFileSync(name) });
}

/** The frames of a source folder of the parity cases, in the order along the normal that the cases state. */
export function caseSource(folder: string): SourceFrame[] {
  const headers = sharedNames(`parity/dicom/${folder}`, /\.dcm$/).map((name) => openCase(folder, name).attributes);
  const count = headers[0]!.number("NumberOfFrames") ?? 1;
  if (count > 1) return Array.from({ length: count }, (_, i) => ({ header: headers[0]!, number: i + 1 }));
  const height = (header: SourceFrame["header"]) => {
    const [p, o] = [header.numbers("ImagePositionPatient"), header.numbers("ImageOrientationPatient")] as const;
    if (p.length === 0) return 0;
    return [0, 1, 2].reduce(
      (sum, i) => sum + p[i]! * (o[(i + 1) % 3]! * o[3 + ((i + 2) % 3)]! - o[(i + 2) % 3]! * o[3 + ((i + 1) % 3)]!),
      0,
    );
  };
  return headers.sort((a, b) => height(a) - height(b)).map((header) => ({ header }));
}
