import { open } from "node:fs/promises";

/** What a file that is no picture by its ending turns out to be: one of them, and many. */
export const otherKinds = {
  dicom: ["DICOM file, which this version does not read", "DICOM files, which this version does not read"],
  nifti: ["NIfTI file, which this version does not read", "NIfTI files, which this version does not read"],
  unread: ["picture in a format that is not read", "pictures in a format that is not read"],
  unnamed: ["image without the ending of its format", "images without the ending of their format"],
  empty: ["empty file", "empty files"],
  other: ["file that is no image", "files that are no images"],
} as const;
export type OtherKind = keyof typeof otherKinds;

/** First bytes (Latin-1) by which a format is known, and where they stand. */
const signatures: readonly (readonly [kind: OtherKind, at: number, bytes: string])[] = [
  ["dicom", 128, "DICM"],
  ["nifti", 344, "n+1\0"],
  ["nifti", 344, "ni1\0"],
  ["nifti", 4, "n+2\0"],
  ["unnamed", 0, "\x89PNG\r\n\x1a\n"],
  ["unnamed", 0, "\xff\xd8\xff"],
  ["unnamed", 0, "II*\0"],
  ["unnamed", 0, "MM\0*"],
  ["unnamed", 8, "WEBP"],
  ["unread", 0, "GIF8"],
  ["unread", 0, "BM"],
  ["unread", 0, "\0\0\0\x0cjP  "],
  ["unread", 0, "\xff\x4f\xff\x51"],
  ["unread", 4, "ftypavif"],
  ["unread", 4, "ftyphei"],
];

/** Bytes that hold all signatures. */
const headLength = 352;

/** What a file is by its first bytes; a compressed NIfTI file by its name. @throws as node:fs when it cannot be read */
export async function kindOfFile(file: string): Promise<OtherKind> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(headLength), 0, headLength, 0);
    if (bytesRead === 0) return "empty";
    if (/\.nii(\.gz)?$/i.test(file)) return "nifti";
    const head = buffer.toString("latin1", 0, bytesRead);
    return signatures.find(([, at, bytes]) => head.startsWith(bytes, at))?.[0] ?? "other";
  } finally {
    await handle.close();
  }
}
