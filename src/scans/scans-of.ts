import { filesOnDisk } from "./files-on-disk.ts";
import { pictureScan } from "./picture-scan.ts";
import { type FoundScans, type ScansOptions, scansIn } from "./scans-in.ts";

/** The scans of some files on disk, pictures too. @see scansIn */
export async function scansOf(files: readonly string[], options: ScansOptions = {}): Promise<FoundScans> {
  return await scansIn(files, { files: filesOnDisk, openPicture: pictureScan }, options);
}
