import type { Box, Mask } from "../image/index.ts";

/**
 * How much of each patch a mask covers.
 *
 * @param part - what the model sees, in pixels of the mask; edges may lie inside of pixels. What lies beyond the mask is not covered
 * @param grid - patches along a side
 * @returns [grid · grid] row by row, in [0, 1]
 */
export function coverage({ width, height, data }: Mask, part: Box, grid: number): Float32Array<ArrayBuffer> {
  const columns = overlaps(part.x0, part.x1, grid, width);
  const rows = overlaps(part.y0, part.y1, grid, height);
  const covered = new Float32Array(grid * grid);
  for (const [r, { from: top, shares: tall }] of rows.entries()) {
    for (const [c, { from: left, shares: wide }] of columns.entries()) {
      let sum = 0;
      for (const [j, high] of tall.entries()) {
        const start = (top + j) * width + left;
        for (const [i, share] of wide.entries()) if (data[start + i]! > 0) sum += high * share;
      }
      covered[r * grid + c] = Math.min(sum, 1);
    }
  }
  return covered;
}

/** The pixels that a patch meets along one axis: `from` on, each with its share of the patch. */
interface Overlap {
  readonly from: number;
  readonly shares: readonly number[];
}

function overlaps(start: number, end: number, grid: number, length: number): Overlap[] {
  const step = (end - start) / grid;
  return Array.from({ length: grid }, (_, cell) => {
    const [low, high] = [start + cell * step, start + (cell + 1) * step];
    const from = Math.max(Math.floor(low), 0);
    const to = Math.min(Math.ceil(high), length);
    const shares = Array.from(
      { length: Math.max(to - from, 0) },
      (_, i) => (Math.min(high, from + i + 1) - Math.max(low, from + i)) / step,
    );
    return { from, shares };
  });
}
