import { hasPreamble } from "../../dicom/first-bytes.ts";
import { beginsLike } from "./first-bytes.ts";
import type { NamedBytes } from "./image-source.ts";
import { firstInside } from "./nifti/content.ts";
import { type SourceName, sourceFiles } from "./signatures.ts";

/** The source that reads a file, by its first bytes, or those inside a gzip file. @param bytes - at least `headLength` of them, or all of a shorter file */
export function sourceOf(bytes: Uint8Array): SourceName | undefined {
  const head = firstInside(bytes);
  const names = Object.keys(sourceFiles) as SourceName[];
  return names.find((name) => sourceFiles[name].firstBytes.some((signature) => beginsLike(head, signature)));
}

/** The source that a file's name promises, whose message says best what is wrong with it. */
export function promisedSource({ name }: Pick<NamedBytes, "name">): SourceName | undefined {
  if (/\.(nii|hdr|img)(\.gz)?$/i.test(name)) return "nifti";
  return /\.(dcm|dicom|ima)$/i.test(name) ? "dicom" : undefined;
}

/** Whether a file is DICOM: by its mark, also where the bytes before it are those of another format; else as every file. @param head - its first bytes */
export function isDicomFile({ name, bytes }: NamedBytes): boolean {
  return hasPreamble(bytes) || (sourceOf(bytes) ?? promisedSource({ name })) === "dicom";
}
