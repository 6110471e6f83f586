import { lpsOf } from "../../affine.ts";
import type { FileAccess } from "../../file-access.ts";
import type { LastFile } from "../../last-file.ts";
import type { NiftiScan } from "../../scan.ts";
import type { NamedBytes } from "../image-source.ts";
import { openNifti } from "./content.ts";
import { niftiSlices, type SliceAxis, slicePlane } from "./nifti.ts";
import { type FoundPlacement, placementOf } from "./placement.ts";
import { readNifti } from "./read-nifti.ts";

/**
 * A NIfTI file as a scan. The voxels are read when a slice is.
 *
 * @param start - the first bytes of the file, at least `niftiStart` of them
 * @throws InputError when its header cannot be read
 */
export async function niftiScan(
  start: NamedBytes,
  { name, axis, files, last }: { readonly name: string; readonly axis: SliceAxis; readonly files: FileAccess; readonly last: LastFile },
): Promise<NiftiScan> {
  const file = start.name;
  const { header } = await openNifti(start, files);
  const position = placementOf(header, file);
  const [x = 1, y = 1, z = 1] = header.dim;
  const { placement, shape, to, hasSpacing, hasStep } = slicePlane({ shape: [x, y, z], position }, axis);
  const [columns, rows, slices] = shape;
  const isPlaced = position.hasOrientation && hasSpacing && hasStep;
  return {
    name,
    source: "nifti",
    frames: Array.from({ length: slices }, (_, index) => ({ file, ...(slices > 1 && { number: index + 1 }) })),
    rows,
    columns,
    spacing: hasSpacing ? [placement.spacing[1], placement.spacing[0]] : undefined,
    spacingSource: hasSpacing ? formOf(position) : undefined,
    isVolume: hasSpacing && hasStep && slices > 1,
    // Without an orientation the affine is a convention of programs, not the patient's.
    affine: isPlaced ? lpsOf(placement.affine) : undefined,
    ...(position.hasOrientation && { axisCodes: to }),
    warnings: position.warnings,
    own: { placement: position.placement, axes: header.dim.length, slices: to },
    async read(index) {
      const opened = await last.open(`${axis} ${file}`, async () => {
        const slices = niftiSlices(await readNifti(await files.content(file), files), axis);
        return { ...slices, read: async (slice) => slices.read(slice) };
      });
      return await opened.read(index);
    },
  };
}

function formOf({ placement: { sformCode }, hasOrientation }: FoundPlacement): string {
  return sformCode > 0 ? "sform" : hasOrientation ? "qform" : "pixdim";
}

/** Bytes of a file that hold its header, compressed too. */
export const niftiStart = 8192;
