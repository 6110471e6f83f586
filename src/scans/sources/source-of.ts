import { hasPreamble } from "../../dicom/first-bytes.ts";
import { beginsLike } from "./first-bytes.ts";
import type { NamedBytes } from "./image-source.ts";
import { firstInside } from "./nifti/content.ts";
import { type SourceName, sourceFiles } from "./signatures.ts";

/**
 * The source that reads a file, by its first bytes, or those inside a gzip file. The 128 bytes before the mark of DICOM may be a TIFF header, so the
 * mark comes first.
 *
 * @param bytes - at least `headLength` of them, or all of a shorter file
 */
export function sourceOf(bytes: Uint8Array): SourceName | undefined {
  if (hasPreamble(bytes)) return "dicom";
  const head = firstInside(bytes);
  const names = Object.keys(sourceFiles) as SourceName[];
  return names.find((name) => sourceFiles[name].firstBytes.some((signature) => beginsLike(head, signature)));
}

/** The source that a file's name promises, whose message says best what is wrong with it. */
export function promisedSource({ name }: Pick<NamedBytes, "name">): SourceName | undefined {
  if (/\.(nii|hdr|img)(\.gz)?$/i.test(name)) return "nifti";
  return /\.(dcm|dicom|ima)$/i.test(name) ? "dicom" : undefined;
}

/** Whether a file is DICOM: by its first bytes, else by its name. @param head - its first bytes */
export function isDicomFile({ name, bytes }: NamedBytes): boolean {
  return (sourceOf(bytes) ?? promisedSource({ name })) === "dicom";
}
