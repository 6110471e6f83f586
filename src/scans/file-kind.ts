import { open } from "node:fs/promises";
import { headLength } from "./sources/first-bytes.ts";
import { foreignFormatOf } from "./sources/foreign.ts";
import { sourceOf } from "./sources/table.ts";

/** Kinds of files without an image extension, in singular and plural. */
export const otherKinds = {
  dicom: ["DICOM file (not supported)", "DICOM files (not supported)"],
  nifti: ["NIfTI file (not supported)", "NIfTI files (not supported)"],
  unread: ["image in an unsupported format", "images in an unsupported format"],
  unnamed: ["image without its file extension", "images without their file extension"],
  empty: ["empty file", "empty files"],
  other: ["file that is not an image", "files that are not images"],
} as const;
export type OtherKind = keyof typeof otherKinds;

/** The kind of a file by its first bytes; of a compressed NIfTI file by its name. @throws as node:fs when it cannot be read */
export async function kindOfFile(file: string): Promise<OtherKind> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(headLength), 0, headLength, 0);
    if (bytesRead === 0) return "empty";
    if (/\.nii(\.gz)?$/i.test(file)) return "nifti";
    const head = buffer.subarray(0, bytesRead);
    return foreignFormatOf(head)?.kind ?? (sourceOf(head) ? "unnamed" : "other");
  } finally {
    await handle.close();
  }
}
