import { filesOnDisk } from "./files-on-disk.ts";
import { MaskError, maskOf } from "./mask-rule.ts";
import { readContent } from "./read-content.ts";
import { readNifti } from "./sources/nifti/read-nifti.ts";
import type { MaskVolume } from "./volume-grid.ts";

/** Whether a file is read as a volume, by its name. */
export const isVolumeName = (file: string): boolean => /\.(nii|hdr)(\.gz)?$/i.test(file);

/**
 * Reads a NIfTI file as the mask of a volume, by the rule of `maskOf` over all its voxels. Of a file with more than three axes the first volume, with a
 * warning. The voxels stay in the order of the file; lengths of voxels that it does not give count as 1 mm, with a warning.
 *
 * @throws MaskError when it holds labels and none is chosen, or colours
 * @throws InputError when it is missing or damaged
 */
export async function readMaskVolume(file: string, { label }: { readonly label?: number | undefined } = {}): Promise<MaskVolume> {
  const { shape, datatype, axes, volumes, position, warnings, volume } = await readNifti(await readContent(file), filesOnDisk);
  if (datatype.samples > 1) throw new MaskError("label image", `"${file}" holds colours (${datatype.name}); expected a mask of two values`);
  const { data, warnings: ofValues } = volume(0);
  const [columns, rows, slices] = shape;
  const full = data instanceof Uint8Array ? 255 : data instanceof Uint16Array ? 65535 : undefined;
  const { mask, warnings: ofMask } = maskOf({ width: columns, height: rows * slices, data, kind: "gray", full }, { label, name: file });
  return {
    stack: { slices, rows, columns, data: mask.data },
    grid: { shape, placement: position.placement, hasOrientation: position.hasOrientation },
    warnings: [
      ...(volumes > 1 ? [`has ${volumes} volumes (${axes} axes), of which only the first is read`] : []),
      ...warnings,
      ...ofValues,
      ...ofMask,
    ],
  };
}
