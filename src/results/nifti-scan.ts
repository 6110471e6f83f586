import { join } from "node:path";
import { gzipped } from "#gzip";
import { writeAtomic } from "../files/atomic-write.ts";
import { type Target, titleOf } from "../targets/target.ts";
import { gridOf, labelsAsNifti } from "./nifti-of-scan.ts";
import { perScan, type ScanWriter, type Written } from "./scan-writer.ts";

/**
 * Writes `nifti/NAME.nii.gz` on the axes of the source: 1 in the mask of a single target, the number of the target of several. Targets that
 * overlap get a file each, `nifti/NAME_TARGET.nii.gz`.
 */
export const niftiWriter: ScanWriter = perScan(async (result, { out }): Promise<Written> => {
  const { scan, targets } = result;
  const grid = gridOf(scan);
  const write = async (some: readonly Target[], name: string) => {
    const { bytes, overlap, empty } = await labelsAsNifti(result, some, grid);
    if (!bytes) return { overlap, empty, file: undefined };
    const file = join(out, "nifti", `${name}.nii.gz`);
    await writeAtomic(file, await gzipped(bytes));
    return { overlap, empty, file };
  };
  const together = await write(targets, scan.name);
  const messages = [
    ...together.empty.map((target) => `"${titleOf(target)}" is not present: its masks are empty`),
    ...(grid.placement ? [] : ["the source does not say where it lies in the patient, and neither does the NIfTI file"]),
  ];
  if (together.file !== undefined) return { files: [together.file], messages };
  const [one, other] = together.overlap!;
  const files: string[] = [];
  for (const target of targets) files.push((await write([target], `${scan.name}_${target.name}`)).file!);
  return { files, messages: [...messages, `"${one.name}" and "${other.name}" overlap: one NIfTI file a target`] };
});
