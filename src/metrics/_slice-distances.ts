import { LowerEnvelope } from "./_distance-transform.ts";
import type { VoxelSpacing } from "./_surface-areas.ts";

/** Steps to the nearest seed along a column of slices where there is none. */
const none = 65535;

/**
 * For each point of a grid in space, the exact Euclidean distance to the nearest seed, slice by slice: `distanceTransform` for volumes.
 *
 * Kept for the whole grid are only the steps to the nearest seed along the slices (2 bytes a point); rows and columns follow when a slice is asked for,
 * so that no volume of distances is ever in memory.
 */
export class SliceDistances {
  private readonly rows: number;
  private readonly columns: number;
  private readonly spacing: VoxelSpacing;
  /** [slices, rows, columns], in steps. */
  private readonly along: Uint16Array;
  private readonly squares: Float64Array;
  private readonly downRows: LowerEnvelope;
  private readonly alongColumns: LowerEnvelope;

  /** @param isSeed - of a point's flat index. Up to 65534 slices */
  constructor(
    { slices, rows, columns }: { readonly slices: number; readonly rows: number; readonly columns: number },
    spacing: VoxelSpacing,
    isSeed: (point: number) => boolean,
  ) {
    this.rows = rows;
    this.columns = columns;
    this.spacing = spacing;
    this.squares = new Float64Array(rows * columns);
    this.downRows = new LowerEnvelope(rows, spacing[1]);
    this.alongColumns = new LowerEnvelope(columns, spacing[2]);
    const size = rows * columns;
    const along = new Uint16Array(slices * size);
    for (let i = 0; i < along.length; i++) along[i] = isSeed(i) ? 0 : i < size ? none : Math.min(none, along[i - size]! + 1);
    for (let i = along.length - size - 1; i >= 0; i--) along[i] = Math.min(along[i]!, along[i + size]! + 1);
    this.along = along;
  }

  /** The distances of a slice, [rows, columns], valid until the next call; Infinity without any seed. */
  of(slice: number): Float64Array {
    const { rows, columns, squares, spacing } = this;
    const from = slice * rows * columns;
    for (let i = 0; i < squares.length; i++) {
      const steps = this.along[from + i]!;
      const distance = steps * spacing[0];
      squares[i] = steps === none ? Number.POSITIVE_INFINITY : distance * distance;
    }
    for (let x = 0; x < columns; x++) this.downRows.apply(squares, x, columns);
    for (let y = 0; y < rows; y++) this.alongColumns.apply(squares, y * columns, 1);
    for (let i = 0; i < squares.length; i++) squares[i] = Math.sqrt(squares[i]!);
    return squares;
  }
}
