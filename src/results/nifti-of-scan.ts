import { InputError } from "../errors.ts";
import { rasOf } from "../scans/affine.ts";
import { axisCodes, reorder } from "../scans/axes.ts";
import type { Scan } from "../scans/scan.ts";
import { isDicomScan, isNiftiScan } from "../scans/scan-kinds.ts";
import type { Placement } from "../scans/sources/image-source.ts";
import { columnOf, length3 } from "../scans/vectors.ts";
import type { Target } from "../targets/target.ts";
import { Centroid, placesInHeaders, requireSamePlace } from "./dicom/centroid.ts";
import { sourceFrames } from "./dicom/source.ts";
import { encodeNifti, type NiftiResult } from "./encode-nifti.ts";
import { type LabelVolume, labelVolume } from "./label-volume.ts";
import { placeOfVoxels } from "./nifti-place.ts";
import type { ScanResult } from "./scan-writer.ts";

/** The grid of a scan's volume in a NIfTI file, and how its slices get there. */
export interface NiftiGrid {
  readonly shape: readonly [columns: number, rows: number, frames: number];
  readonly placement: Placement | undefined;
  /** From the axes of the slices to those of the file; absent where they are the same. */
  readonly reorder?: Parameters<typeof reorderTo>[1];
  readonly axes: number;
}

/**
 * Of a NIfTI source its own axes; of a DICOM series its columns, rows and slices.
 *
 * @throws InputError when slices have known places, but are not evenly spaced: a NIfTI file cannot hold them
 */
export function gridOf(scan: Scan): NiftiGrid {
  const shape = [scan.columns, scan.rows, scan.frames.length] as const;
  if (isNiftiScan(scan)) {
    const { placement, axes, slices } = scan.own;
    return { shape, placement, axes: axes < 3 ? 2 : 3, reorder: { from: slices, to: axisCodes(placement) } };
  }
  if (!scan.affine) {
    const isUneven = scan.source === "dicom" && scan.axisCodes !== undefined;
    if (isUneven)
      throw new InputError(`"${scan.name}" is no volume: its slices are not evenly spaced, as NIfTI needs. Write dicom-seg or png.`);
    return { shape, placement: undefined, axes: shape[2] > 1 ? 3 : 2 };
  }
  const affine = rasOf(scan.affine);
  const spacing = ([0, 1, 2] as const).map((axis) => length3(columnOf(affine, axis))) as [number, number, number];
  return { shape, placement: { affine, spacing, qformCode: 1, sformCode: 1, isUnitKnown: true }, axes: 3 };
}

function reorderTo<T extends Uint8Array | Float32Array>(
  grid: { shape: NiftiGrid["shape"]; data: T },
  { from, to }: { readonly from: ReturnType<typeof axisCodes>; readonly to: ReturnType<typeof axisCodes> },
) {
  return reorder(grid, from, to);
}

/** Values of a scan, slice after slice, as a NIfTI file holds them. */
export function toNifti(data: Uint8Array | Float32Array, { shape, placement, reorder: axes, axes: count }: NiftiGrid): NiftiResult {
  const own = axes ? reorderTo({ shape, data }, axes) : { shape, data };
  const [x, y, z] = own.shape;
  return { shape: count === 2 ? [x, y] : [x, y, z], data: own.data, placement, isLabels: data instanceof Uint8Array };
}

/** The labels of some targets of a scan as a NIfTI file, not compressed, checked by reading it back. */
export interface NiftiLabels extends Pick<LabelVolume, "overlap" | "empty"> {
  /** Undefined where targets overlap. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** @returns 1 in the mask of a single target, the number of the target of several */
export async function labelsAsNifti(result: ScanResult, targets: readonly Target[], grid: NiftiGrid): Promise<NiftiLabels> {
  const { labels, overlap, empty } = await labelVolume(result, targets);
  if (overlap) return { bytes: undefined, overlap, empty };
  const bytes = encodeNifti(toNifti(labels, grid));
  await requireSameVoxels(bytes, labels, result.scan);
  return { bytes, overlap, empty };
}

/** What decimals of a header (float32) can differ by, as a share of the distance from its origin, and at least, in mm. */
const tolerance = { share: 1e-5, mm: 0.01 };

/** Reads a file back, and compares the centroid of all labels with that of the masks, by the headers of a DICOM source or the scan's affine. */
async function requireSameVoxels(bytes: Uint8Array, labels: Uint8Array, scan: Scan): Promise<void> {
  if (!scan.affine) return;
  const isSet = labels.map((label) => (label === 0 ? 0 : 1));
  const size = scan.rows * scan.columns;
  const [expected, found] = [new Centroid(), new Centroid()];
  const places = isDicomScan(scan) ? placesInHeaders(sourceFrames(scan)) : placesByAffine(scan.affine, scan.frames.length);
  for (const [i, place] of places.entries()) expected.add(isSet.subarray(i * size, (i + 1) * size), scan.columns, place);
  for (const { levels, columns, place } of await placeOfVoxels(bytes)) found.add(levels, columns, place);
  const far = Math.max(...(expected.point ?? [0]).map(Math.abs));
  requireSamePlace("the NIfTI file", { expected, found, tolerance: Math.max(tolerance.mm, tolerance.share * far) });
}

const placesByAffine = (affine: NonNullable<Scan["affine"]>, frames: number) =>
  Array.from({ length: frames }, (_, k) => ({
    first: affine.map(([, , slice, offset]) => offset + k * slice),
    perColumn: affine.map(([column]) => column),
    perRow: affine.map(([, row]) => row),
  }));
