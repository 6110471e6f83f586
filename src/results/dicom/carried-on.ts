import type { Scan } from "../../scans/scan.ts";
import { isDicomScan } from "../../scans/scan-kinds.ts";

/** Modalities whose pictures often show text of the patient. */
const oftenBurnedIn: ReadonlySet<string | undefined> = new Set(["US", "SC", "OT", "ES", "XC"]);

/** Attributes that name a patient, by the words of the report. */
const identifying = [
  ["PatientName", "the patient's name"],
  ["PatientID", "the patient's ID"],
  ["PatientBirthDate", "the date of birth"],
  ["AccessionNumber", "the accession number"],
  ["ReferringPhysicianName", "the referring physician's name"],
] as const;

/**
 * What the results of a scan carry on of its patient, to be said before they are written: attributes by kind, never their values, and text that
 * may be burned into the pixels.
 *
 * @param options.strip - whether attributes are left empty
 * @param options.copiesAttributes - whether the results are DICOM objects of the source's study
 */
export function carriedOn(scan: Scan, options: { readonly strip: boolean; readonly copiesAttributes: boolean }): string[] {
  if (!isDicomScan(scan)) return [];
  const headers = [...scan.headers.values()];
  const known = identifying.flatMap(([keyword, words]) => (headers.some((header) => header.has(keyword)) ? [words] : []));
  const flags = new Set(headers.map((header) => header.text("BurnedInAnnotation")));
  const isSuspect = headers.some((header) => oftenBurnedIn.has(header.text("Modality")));
  return [
    ...(options.copiesAttributes && !options.strip && known.length > 0
      ? [`the results carry on ${known.join(", ")} (--strip leaves out what the standard does not require)`]
      : []),
    ...(options.copiesAttributes && headers.some((header) => !header.has("StudyInstanceUID"))
      ? ["the source lacks the UID of its study; one was made, so viewers may not show the results with the images"]
      : []),
    ...(flags.has("YES") ? ["the source says that text is burned into its pixels: it may name the patient"] : []),
    ...(flags.has(undefined) && !flags.has("YES") && isSuspect
      ? ["the source does not say whether text is burned into its pixels, as is usual for its kind: it may name the patient"]
      : []),
  ];
}
