import type { Box, Mask } from "../image/index.ts";

/** A mask as the runs of its foreground, a small part of the memory that its pixels take. */
export interface Outline {
  readonly width: number;
  readonly height: number;
  /** [H + 1], of each row the index of its first run; the last element is their number. */
  readonly rows: Int32Array;
  /** [runs, 2], first column and the one behind the last. */
  readonly runs: Uint32Array;
}

export function outlineOf({ width, height, data }: Mask): Outline {
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

/** The mask of an outline, [H, W]. */
export function maskOf({ width, height, rows, runs }: Outline): Mask {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let run = rows[y]!; run < rows[y + 1]!; run++) data.fill(1, y * width + runs[2 * run]!, y * width + runs[2 * run + 1]!);
  return { width, height, data };
}

/**
 * How much of each patch an outline covers.
 *
 * @param part - what the model sees, in pixels of the mask; edges may lie inside of pixels. What lies beyond the mask is not covered
 * @param grid - patches along a side
 * @returns [grid · grid] row by row, in [0, 1]
 */
export function coverage({ height, rows, runs }: Outline, part: Box, grid: number): Float32Array<ArrayBuffer> {
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
