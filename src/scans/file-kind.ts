import { open } from "node:fs/promises";
import { presentFile } from "./present-file.ts";
import { headLength } from "./sources/first-bytes.ts";
import { foreignFormatOf } from "./sources/foreign.ts";
import { sourceOf } from "./sources/source-of.ts";

/** Kinds of files without an image extension, in singular and plural. */
export const otherKinds = {
  voxels: ["voxel file of the NIfTI header beside it", "voxel files of the NIfTI headers beside them"],
  object: ["DICOM object that is no image", "DICOM objects that are no images"],
  unread: ["image in an unsupported format", "images in an unsupported format"],
  unnamed: ["image without its file extension", "images without their file extension"],
  empty: ["empty file", "empty files"],
  other: ["file that is not an image", "files that are not images"],
} as const;
export type OtherKind = keyof typeof otherKinds;

/**
 * The kind of a file by its first bytes; of the .img file of a NIfTI pair by the header beside it. DICOM files often have no ending: `dicom` may be an
 * image.
 *
 * @throws as node:fs when it cannot be read
 */
export async function kindOfFile(file: string): Promise<OtherKind | "dicom"> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(headLength), 0, headLength, 0);
    if (bytesRead === 0) return "empty";
    const stem = /^(.+)\.img(\.gz)?$/i.exec(file)?.[1];
    if (stem !== undefined && (await presentFile(`${stem}.hdr`))) return "voxels";
    const head = buffer.subarray(0, bytesRead);
    if (sourceOf(head) === "dicom") return "dicom";
    return foreignFormatOf(head)?.kind ?? (sourceOf(head) ? "unnamed" : "other");
  } finally {
    await handle.close();
  }
}
