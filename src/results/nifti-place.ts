import { rasOf } from "../scans/affine.ts";
import { readNifti } from "../scans/sources/nifti/read-nifti.ts";
import type { PixelPlace } from "./dicom/centroid.ts";

/** The slices of a NIfTI file of labels as they are stored: 1 where there is a label, and where the slice lies (LPS, mm). */
export async function placeOfVoxels(
  bytes: Uint8Array,
): Promise<{ readonly levels: Uint8Array; readonly columns: number; readonly place: PixelPlace }[]> {
  const { shape, position, volume } = await readNifti({ name: "the NIfTI file", bytes });
  const [x, y, z] = shape;
  // Between RAS and LPS the same signs change in both directions.
  const affine = rasOf(position.placement.affine);
  const { data } = volume(0);
  return Array.from({ length: z }, (_, k) => ({
    levels: Uint8Array.from({ length: x * y }, (_, i) => (data[k * x * y + i] === 0 ? 0 : 1)),
    columns: x,
    place: {
      first: affine.map(([, , slice, offset]) => offset + k * slice),
      perColumn: affine.map(([column]) => column),
      perRow: affine.map(([, row]) => row),
    },
  }));
}
