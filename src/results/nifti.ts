import { gzipped } from "#gzip";
import { checkedPath } from "../check/paths.ts";
import { InputError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { encodeNifti, type NiftiResult } from "./encode-nifti.ts";

/** Writes a NIfTI-1 file, whole or not at all: .nii, or .nii.gz without a time in its header, so that the same voxels give the same bytes. */
export async function writeNifti(file: string, result: NiftiResult): Promise<void> {
  const [, compressed] = /\.nii(\.gz)?$/i.exec(checkedPath(file, "writeNifti")) ?? [undefined, "none"];
  if (compressed === "none") throw new InputError(`writeNifti: "${file}" would hold a NIfTI file. Let its name end in .nii or .nii.gz.`);
  const bytes = encodeNifti(result);
  await writeAtomic(file, compressed === undefined ? bytes : await gzipped(bytes));
}
