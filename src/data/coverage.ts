import type { Box, MaskRuns } from "../image/index.ts";

/**
 * How much of each patch a mask covers.
 *
 * @param part - what the model sees, in pixels of the mask; edges may lie inside of pixels. What lies beyond the mask is not covered
 * @param grid - patches along a side
 * @returns [grid · grid] row by row, in [0, 1]
 */
export function coverage({ height, rows, runs }: MaskRuns, part: Box, grid: number): Float32Array<ArrayBuffer> {
  const [wide, tall] = [(part.x1 - part.x0) / grid, (part.y1 - part.y0) / grid]; // a patch in pixels
  const covered = new Float64Array(grid * grid);
  for (let r = 0; r < grid; r++) {
    const [top, bottom] = [part.y0 + r * tall, part.y0 + (r + 1) * tall];
    for (let y = Math.max(Math.floor(top), 0); y < Math.min(Math.ceil(bottom), height); y++) {
      const share = (Math.min(bottom, y + 1) - Math.max(top, y)) / (tall * wide);
      for (let run = rows[y]!; run < rows[y + 1]!; run++) {
        const [from, to] = [Math.max(runs[2 * run]! - part.x0, 0), Math.min(runs[2 * run + 1]! - part.x0, part.x1 - part.x0)];
        for (let c = Math.floor(from / wide); c < grid && c * wide < to; c++)
          covered[r * grid + c]! += share * Math.max(Math.min(to, (c + 1) * wide) - Math.max(from, c * wide), 0);
      }
    }
  }
  return Float32Array.from(covered, (value) => Math.min(value, 1));
}
