import type { Box, Mask, Size } from "../../image/index.ts";
import { resizedSize } from "../../segment/index.ts";

/** A mask at the resolution of the training. */
export interface TargetGrid {
  /** Bounding box in pixels of the model's square; x1 and y1 are exclusive. */
  readonly box: Box;
  /** [l, l] at the size of the logits, 1 where the mask covers at least half of a cell. */
  readonly cells: Uint8Array;
}

/** Sizes of the model's square. */
export interface SquareSizes {
  /** Side in pixels, S. */
  readonly side: number;
  /** Side of the logits, l. */
  readonly cells: number;
}

/** The masks that prompts are sampled from. */
export interface PromptSource {
  readonly truth: TargetGrid;
  readonly coarse?: TargetGrid | undefined;
  /** Size of the image within the model's square. */
  readonly extent: Size;
}

/**
 * A mask at the size of the logits, where the image lies in the model's square. If a mask is too small to cover half of any cell, the cells
 * that it covers most are set.
 *
 * @returns undefined when the mask is empty
 */
export function targetGrid(mask: Mask, { side, cells }: SquareSizes): TargetGrid | undefined {
  const box = boundsOf(mask);
  if (!box) return undefined;
  const resized = resizedSize(mask, side);
  const [x, y] = [resized.width / mask.width, resized.height / mask.height]; // pixels of the square in one of the mask
  const shares = sharesOf(mask, box, (x * cells) / side, (y * cells) / side, cells);
  const most = shares.reduce((largest, share) => Math.max(largest, share), 0);
  const enough = Math.min(0.5, most / 2) - 1e-6;
  return {
    box: { x0: box.x0 * x, y0: box.y0 * y, x1: box.x1 * x, y1: box.y1 * y },
    cells: Uint8Array.from(shares, (s) => (s >= enough ? 1 : 0)),
  };
}

/** Bounding box of a mask; undefined when it is empty. */
function boundsOf({ width, height, data }: Mask): Box | undefined {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] === 0) continue;
      x0 = Math.min(x0, x);
      x1 = Math.max(x1, x + 1);
      y0 = Math.min(y0, y);
      y1 = y + 1;
    }
  }
  return x1 === 0 ? undefined : { x0, y0, x1, y1 };
}

/** The part of each cell that a mask covers, [l, l]. @param x - cells in a pixel's width, y - in its height */
function sharesOf({ width, data }: Mask, box: Box, x: number, y: number, cells: number): Float64Array {
  const shares = new Float64Array(cells * cells);
  const row = new Float64Array(cells);
  for (let v = box.y0; v < box.y1; v++) {
    row.fill(0);
    for (let u = box.x0; u < box.x1; u++) {
      if (data[v * width + u] !== 0) spread(u * x, (u + 1) * x, cells, (cell, part) => (row[cell]! += part));
    }
    spread(v * y, (v + 1) * y, cells, (cell, part) => {
      for (let u = 0; u < cells; u++) shares[cell * cells + u]! += part * row[u]!;
    });
  }
  return shares;
}

/** How much of the interval [from, to) lies in each cell. */
function spread(from: number, to: number, cells: number, add: (cell: number, part: number) => void): void {
  for (let cell = Math.floor(from); cell < Math.min(Math.ceil(to), cells); cell++) {
    add(cell, Math.min(to, cell + 1) - Math.max(from, cell));
  }
}

/** Intersection over union of two boxes. */
export function boxIou(a: Box, b: Box): number {
  const both = areaOf({ x0: Math.max(a.x0, b.x0), y0: Math.max(a.y0, b.y0), x1: Math.min(a.x1, b.x1), y1: Math.min(a.y1, b.y1) });
  return both / (areaOf(a) + areaOf(b) - both);
}

function areaOf({ x0, y0, x1, y1 }: Box): number {
  return Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
}

/** A box within the part of the square that the image fills. An axis along which less than a pixel would be left stays as it was. */
export function heldBox(box: Box, { width, height }: Size, before: Box): Box {
  const hold = (from: number, to: number, end: number): [number, number] => [
    Math.min(Math.max(from, 0), end),
    Math.min(Math.max(to, 0), end),
  ];
  const [x0, x1] = hold(box.x0, box.x1, width);
  const [y0, y1] = hold(box.y0, box.y1, height);
  return {
    ...(x1 - x0 >= 1 ? { x0, x1 } : { x0: before.x0, x1: before.x1 }),
    ...(y1 - y0 >= 1 ? { y0, y1 } : { y0: before.y0, y1: before.y1 }),
  };
}
