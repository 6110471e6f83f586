import { open } from "node:fs/promises";
import { headLength } from "./sources/first-bytes.ts";
import { foreignFormatOf } from "./sources/foreign.ts";
import { sourceOf } from "./sources/table.ts";

/** Kinds of files without an image extension, in singular and plural. */
export const otherKinds = {
  dicom: ["DICOM file, which this version does not read", "DICOM files, which this version does not read"],
  nifti: ["NIfTI file, which this version does not read", "NIfTI files, which this version does not read"],
  unread: ["picture in a format that is not read", "pictures in a format that is not read"],
  unnamed: ["image without the ending of its format", "images without the ending of their format"],
  empty: ["empty file", "empty files"],
  other: ["file that is no image", "files that are no images"],
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
