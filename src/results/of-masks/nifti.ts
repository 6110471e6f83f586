import { z } from "zod";
import { gzipped } from "#gzip";
import { checkedOptions } from "../../check/options.ts";
import { InputError } from "../../errors.ts";
import type { Scan } from "../../scans/scan.ts";
import { titleOf } from "../../targets/target.ts";
import { gridOf, labelsAsNifti } from "../nifti-of-scan.ts";
import { checkedScan, resultOf, type StructureMasks } from "./structures.ts";

const where = "niftiFromMasks";

const Options = z.strictObject({
  gzip: z.boolean().default(true).describe("Whether the file is compressed (.nii.gz)"),
});

/** Settings of `niftiFromMasks`. */
export type NiftiFromMasksOptions = z.input<typeof Options>;

/** A NIfTI file of labels. */
export interface MadeNifti {
  readonly bytes: Uint8Array;
  /** What its user should know: structures that are not present, or a place in the patient that is not known. */
  readonly warnings: readonly string[];
}

/**
 * Writes NIfTI-1 labels of masks on a scan, from memory to memory: uint8, 1 for the first structure, 2 for the second, 0 elsewhere. Of a NIfTI
 * scan on the axes of its own file, of a DICOM series on its columns, rows and slices. The file is read back, and where its labels lie is
 * compared with where the masks lie.
 *
 * @param scan - one of `openScans`; a DICOM series must be evenly spaced
 * @param structures - with masks in the order of the scan's frames; a voxel may belong to one of them
 * @throws InputError when masks do not fit the scan, structures overlap, or the slices are no volume
 * @throws ConfigError for options that are unknown or wrong
 */
export async function niftiFromMasks(
  scan: Scan,
  structures: readonly StructureMasks[],
  options: NiftiFromMasksOptions = {},
): Promise<MadeNifti> {
  const { gzip } = checkedOptions(Options, options, where);
  const result = resultOf(checkedScan(scan, where), structures, [], where);
  const grid = gridOf(scan);
  const { bytes, overlap, empty } = await labelsAsNifti(result, result.targets, grid);
  if (!bytes) {
    const [one, other] = overlap!.map(titleOf);
    throw new InputError(`${where}: "${one}" and "${other}" overlap, and a voxel holds one label. Write a file for each structure.`);
  }
  const warnings = [
    ...empty.map((target) => `"${titleOf(target)}" is not present: its masks are empty`),
    ...(grid.placement ? [] : ["the source does not say where it lies in the patient, and neither does the NIfTI file"]),
  ];
  return { bytes: gzip ? await gzipped(bytes) : bytes, warnings };
}
