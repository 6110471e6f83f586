import { ShapeError } from "../errors.ts";
import type { Mask } from "./types.ts";

/** A mask as the runs of its foreground, a small part of the memory that its pixels take. */
export interface MaskRuns {
  readonly width: number;
  readonly height: number;
  /** [H + 1], of each row the index of its first run; the last element is their number. */
  readonly rows: Int32Array;
  /** [runs, 2], first column and the one behind the last. */
  readonly runs: Uint32Array;
}

/** The runs of a mask. */
export function runsOfMask({ width, height, data }: Mask): MaskRuns {
  const rows = new Int32Array(height + 1);
  const runs: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; ) {
      const from = x;
      const inside = data[y * width + x]! > 0;
      while (x < width && data[y * width + x]! > 0 === inside) x++;
      if (inside) runs.push(from, x);
    }
    rows[y + 1] = runs.length / 2;
  }
  return { width, height, rows, runs: Uint32Array.from(runs) };
}

/** The mask of some runs, [H, W]. @throws ShapeError when they are no runs of a mask, or leave its rows */
export function maskOfRuns(given: MaskRuns): Mask {
  const { width, height, rows, runs } = given ?? {};
  const areRuns = rows instanceof Int32Array && runs instanceof Uint32Array && rows.length === height + 1;
  if (!areRuns || runs.length !== 2 * rows[height]! || !runs.every((x) => x <= width))
    throw new ShapeError("maskOfRuns: expected { width, height, rows, runs } as a region has them, with runs within the width.");
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let run = rows[y]!; run < rows[y + 1]!; run++) data.fill(1, y * width + runs[2 * run]!, y * width + runs[2 * run + 1]!);
  return { width, height, data };
}
