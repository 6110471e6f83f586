import { stat } from "node:fs/promises";
import { basename, relative, resolve, sep } from "node:path";
import type { LeftOut } from "./left-out.ts";
import { listImages, pathWithoutEnding } from "./list-images.ts";
import { expandPattern } from "./pattern.ts";

/** A file that may hold a scan. */
export interface ScanFile {
  readonly file: string;
  /** Its path below the given folder, with "/" between; of a file given directly, its name. */
  readonly path: string;
  /** The same without ending. */
  readonly name: string;
}

/** The files of some paths, and what was passed over. */
export interface ScanFiles {
  readonly files: readonly ScanFile[];
  readonly leftOut: readonly (LeftOut & { readonly path: string })[];
}

/**
 * The files of some paths that may hold scans: files as given, in folders all images, and DICOM files whatever their names, which often have no
 * ending.
 *
 * @throws InputError when a path does not exist or cannot be read
 */
export async function findScanFiles(given: readonly string[]): Promise<ScanFiles> {
  const files = new Map<string, ScanFile>();
  const leftOut: (LeftOut & { readonly path: string })[] = [];
  for (const root of (await Promise.all(given.map(expandPattern))).flat()) {
    const list = await listImages([root], { withEqualNames: true });
    const isFolder = await stat(root).then((found) => found.isDirectory());
    const pathOf = (file: string) => (isFolder ? relative(root, file).split(sep).join("/") : basename(file));
    const add = (file: string) => {
      const path = pathOf(file);
      if (!files.has(resolve(file))) files.set(resolve(file), { file, path, name: pathWithoutEnding({ path }) });
    };
    for (const { file } of list.inputs) add(file);
    for (const left of list.leftOut) leftOut.push({ ...left, path: pathOf(left.file) });
  }
  return { files: [...files.values()], leftOut };
}
