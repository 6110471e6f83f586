// What a file is called within its path, where there may be no file system: "/" and "\" part folders.

/** The name of a file without its folders. */
export function lastName(path: string): string {
  return path.slice(placeOfName(path));
}

/** The folders of a path; empty where there are none. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(placeOfName(path) - 1, 0));
}

const placeOfName = (path: string): number => Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;

/** A path without the extension of its file; ".gz" counts with that of a NIfTI file. */
export function withoutEnding(path: string): string {
  const compressed = /.(\.(?:nii|hdr|img)\.gz)$/i.exec(path)?.[1];
  const name = lastName(path);
  const dot = name.lastIndexOf(".");
  // A number is no ending: DICOM files are often named by UIDs.
  const hasEnding = dot > 0 && !/\.\d+$/.test(name);
  return path.slice(0, path.length - (compressed?.length ?? (hasEnding ? name.length - dot : 0)));
}
