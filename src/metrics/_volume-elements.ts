import type { MaskStack } from "../image/types.ts";
import { SliceDistances } from "./_slice-distances.ts";
import { surfaceAreas, type VoxelSpacing } from "./_surface-areas.ts";
import type { SurfaceElements } from "./_surface-elements.ts";

/**
 * The surface elements of two masks in a volume, each with its distance to the other's; the 3D form of `surfaceElements`.
 *
 * Elements live on the corners between voxels, where the eight voxels round a corner are not all alike (outside the volume: 0). An element is as
 * large as the surface of marching cubes there. Only the box that holds both masks is looked at.
 *
 * Memory: 4 bytes a voxel of that box, beside the masks.
 */
export function volumeElements(
  mask: MaskStack,
  truth: MaskStack,
  spacing: VoxelSpacing,
): { mask: SurfaceElements; truth: SurfaceElements } {
  const box = jointBox(mask, truth);
  const areaOf = surfaceAreas(spacing);
  const [ours, theirs] = [codesOf(mask, box), codesOf(truth, box)];
  return { mask: measure(ours, theirs, box, areaOf, spacing), truth: measure(theirs, ours, box, areaOf, spacing) };
}

/** First slice, row and column, and how many. */
interface Box3 {
  readonly first: readonly [slice: number, row: number, column: number];
  readonly size: readonly [slices: number, rows: number, columns: number];
}

function jointBox(mask: MaskStack, truth: MaskStack): Box3 {
  const { slices, rows, columns } = mask;
  const low = [slices, rows, columns];
  const high = [-1, -1, -1];
  const [a, b] = [mask.data, truth.data];
  for (let z = 0, i = 0; z < slices; z++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, i++) {
        if (a[i] === 0 && b[i] === 0) continue;
        if (z < low[0]!) low[0] = z;
        if (y < low[1]!) low[1] = y;
        if (x < low[2]!) low[2] = x;
        high[0] = z;
        if (y > high[1]!) high[1] = y;
        if (x > high[2]!) high[2] = x;
      }
    }
  }
  if (high[0]! < 0) return { first: [0, 0, 0], size: [0, 0, 0] };
  const size = low.map((first, axis) => high[axis]! - first + 1);
  return { first: low as unknown as Box3["first"], size: size as unknown as Box3["size"] };
}

/** The code of each corner of the box, [slices + 1, rows + 1, columns + 1]. */
function codesOf({ data, rows, columns }: MaskStack, { first, size }: Box3): Uint8Array {
  const [depth, height, width] = size;
  const row = width + 1;
  const slice = row * (height + 1);
  const codes = new Uint8Array((depth + 1) * slice);
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const from = ((first[0] + z) * rows + first[1] + y) * columns + first[2];
      for (let x = 0, at = z * slice + y * row; x < width; x++, at++) {
        if (data[from + x] === 0) continue;
        codes[at]! |= 1; // the corner before this voxel sees it as its last
        codes[at + 1]! |= 2;
        codes[at + row]! |= 4;
        codes[at + row + 1]! |= 8;
        codes[at + slice]! |= 16;
        codes[at + slice + 1]! |= 32;
        codes[at + slice + row]! |= 64;
        codes[at + slice + row + 1]! |= 128;
      }
    }
  }
  return codes;
}

const isElement = (code: number): boolean => code !== 0 && code !== 255;

function measure(own: Uint8Array, other: Uint8Array, { size }: Box3, areaOf: Float64Array, spacing: VoxelSpacing): SurfaceElements {
  const [slices, rows, columns] = size.map((length) => length + 1) as [number, number, number];
  let count = 0;
  for (let i = 0; i < own.length; i++) if (isElement(own[i]!)) count++;
  const [weights, distances] = [new Float64Array(count), new Float64Array(count)];
  if (count === 0) return { weights, distances };
  const toOther = new SliceDistances({ slices, rows, columns }, spacing, (corner) => isElement(other[corner]!));
  for (let z = 0, i = 0, at = 0; z < slices; z++) {
    const end = i + rows * columns;
    let first = i;
    while (first < end && !isElement(own[first]!)) first++;
    if (first === end) {
      i = end;
      continue;
    }
    const near = toOther.of(z);
    for (let corner = 0; i < end; i++, corner++) {
      if (!isElement(own[i]!)) continue;
      weights[at] = areaOf[own[i]!]!;
      distances[at++] = near[corner]!;
    }
  }
  return { weights, distances };
}
