import { checkedOptions } from "../../check/options.ts";
import { checkedFile } from "../../check/paths.ts";
import { checkedList } from "../../check/prompts.ts";
import { filesInMemory } from "../files-in-memory.ts";
import { filesOnDisk } from "../files-on-disk.ts";
import { pictureScan } from "../picture-scan.ts";
import { type FoundScans, scansIn } from "../scans-in.ts";
import type { NamedBytes } from "../sources/image-source.ts";
import { OpenScansOptions, withoutVoxelFiles } from "./in-memory.ts";

/**
 * The scans of some files: DICOM files grouped into series, in slice order by their positions in the patient, with geometry from their headers;
 * NIfTI volumes cut into slices; pictures, and the pages of TIFF files. Formats are known by first bytes. Frames are decoded when they are
 * read; of all scans together one file's content is kept at most.
 *
 * @param files - paths, or contents with names. No two names may be equal
 * @returns the scans, and the files that are none with the reason: also those that are missing or damaged
 * @throws InputError when the files are no list of paths and { name, bytes }, or two have one name
 * @throws ConfigError for options that are unknown or wrong
 * @example
 * const { scans } = await openScans(["ct/001.dcm", "ct/002.dcm", "brain.nii.gz"]);
 * const { pixels } = await scans[0].read(0); // pixels.data: modality values such as Hounsfield units, [H, W]
 */
export async function openScans(files: readonly (string | NamedBytes)[], options: OpenScansOptions = {}): Promise<FoundScans> {
  const checked = checkedOptions(OpenScansOptions, options, "openScans");
  const given = checkedList(files, "openScans", "files", (file, name) => checkedFile<NamedBytes>(file, `openScans: ${name}`));
  const names = given.map((file) => (typeof file === "string" ? file : file.name));
  const contents = given.filter((file) => typeof file !== "string");
  return await scansIn(withoutVoxelFiles(names), { files: filesInMemory(contents, filesOnDisk), openPicture: pictureScan }, checked);
}
