import type { Planes } from "../../augment/index.ts";
import type { Point, Size } from "../../image/index.ts";

/** An axis of an image: 0 down the rows, 1 along the columns. */
export type Axis = 0 | 1;

/** What is turned round: the order of the rows, that of the columns, or both. */
interface Mirror {
  readonly rows: boolean;
  readonly columns: boolean;
}

/** The original and its mirror images along all combinations of the axes. */
export function mirrorsOf(axes: readonly Axis[]): Mirror[] {
  const all = [
    { rows: false, columns: false },
    { rows: true, columns: false },
    { rows: false, columns: true },
    { rows: true, columns: true },
  ];
  return all.filter(({ rows, columns }) => (!rows || axes.includes(0)) && (!columns || axes.includes(1)));
}

/** The mirror image along some axes at once. */
export const mirrorAlong = (axes: readonly Axis[]): Mirror => ({ rows: axes.includes(0), columns: axes.includes(1) });

/** Where a window lies in the image, and which of its mirror images is meant. Outside of the image are zeros. */
interface Window extends Size {
  readonly corner: Point;
  readonly mirror: Mirror;
}

/** Copies a window [C, h, w] of an image, mirrored, to `out[at ..]`. */
export function readWindow(image: Planes, { corner, width, height, mirror }: Window, out: Float32Array, at: number): void {
  const x0 = Math.max(0, -corner.x); // columns of the window that lie in the image: from x0 up to x1
  const x1 = Math.min(width, image.width - corner.x);
  const isWhole = x0 === 0 && x1 === width;
  for (let c = 0, o = at; c < image.channels; c++) {
    for (let row = 0; row < height; row++, o += width) {
      const y = corner.y + (mirror.rows ? height - 1 - row : row);
      const isInside = y >= 0 && y < image.height;
      if (!isWhole || !isInside) out.fill(0, o, o + width);
      if (!isInside) continue;
      const from = (c * image.height + y) * image.width + corner.x;
      const line = image.data.subarray(from + x0, from + x1);
      if (mirror.columns) for (let i = 0, end = o + width - 1 - x0; i < line.length; i++) out[end - i] = line[i]!;
      else out.set(line, o + x0);
    }
  }
}

/** Adds the planes [K, h, w] that begin at `from` to others of that shape, turned back from their mirror image. */
export function addUnmirrored(planes: Float32Array, from: number, mirror: Mirror, { width, height }: Size, sums: Float32Array): void {
  const lines = sums.length / width;
  for (let line = 0, o = 0; line < lines; line++) {
    const row = line % height;
    const source = from + (mirror.rows ? line - row + height - 1 - row : line) * width;
    if (mirror.columns) for (let at = source + width - 1; at >= source; at--, o++) sums[o]! += planes[at]!;
    else for (let at = source; at < source + width; at++, o++) sums[o]! += planes[at]!;
  }
}
