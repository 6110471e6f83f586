import { filesOnDisk } from "../../files-on-disk.ts";
import type { Frame, NamedBytes } from "../image-source.ts";
import { niftiSlices } from "./nifti.ts";
import { readNifti } from "./read-nifti.ts";

/**
 * The slices of a NIfTI file along its third axis, in the order of the file: columns are its first axis, rows its second. Of a file with more
 * than three axes the first volume alone, with a warning. The other file of a pair is read from beside it.
 *
 * @throws InputError as `readNifti`
 */
export async function niftiFrames(content: NamedBytes): Promise<Frame[]> {
  const { frames, read } = niftiSlices(await readNifti(content, filesOnDisk), "stored");
  return Array.from({ length: frames }, (_, index) => read(index));
}
