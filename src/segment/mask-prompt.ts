import { boundsOf } from "../image/bounds.ts";
import { components } from "../image/components.ts";
import type { Box, Mask } from "../image/types.ts";
import { logitsSideOf, type SamConfig, type SamVariantName } from "../models/sam/index.ts";
import { samVariants } from "./variants/index.ts";

/** Sizes of the model's square, and how images lie in it. */
export interface SquareSizes {
  readonly variant: SamVariantName;
  /** Side in pixels, S. */
  readonly side: number;
  /** Side of the logits, l. */
  readonly cells: number;
}

/** Those of a model. */
export function squareSizesOf(config: SamConfig): SquareSizes {
  return { variant: config.variant, side: config.imageSize, cells: logitsSideOf(config) };
}

/** A mask in the model's square. */
export interface TargetGrid {
  /** Round the mask, in pixels of the model's square; x1 and y1 are exclusive. */
  readonly box: Box;
  /** [l, l] at the size of the logits, 1 where the mask covers at least half of a cell; each component has a cell. */
  readonly cells: Uint8Array;
}

/** How sure a coarse mask is given to SAM as a mask prompt: its logit inside, and minus it outside. */
const certainty = 8;

/** A mask at the size of the logits as a mask prompt. @param cells - 0 or 1 */
export function maskPromptLogits(cells: Uint8Array): Float32Array {
  return Float32Array.from(cells, (cell) => (cell === 1 ? certainty : -certainty));
}

/**
 * A mask at the size of the logits, where the image lies in the model's square. A mask too small to cover half of any cell keeps those
 * of which it covers most, and a component too small beside others the one of which it covers most.
 *
 * @returns undefined when the mask is empty
 */
export function targetGrid(mask: Mask, { variant, side, cells }: SquareSizes): TargetGrid | undefined {
  const box = boundsOf(mask);
  if (!box) return undefined;
  const resized = samVariants[variant].sizeWithin(mask, side);
  const [x, y] = [resized.width / mask.width, resized.height / mask.height]; // pixels of the square in one of the mask
  const shares = sharesOf(mask, box, (x * cells) / side, (y * cells) / side, cells);
  const most = shares.reduce((largest, share) => Math.max(largest, share), 0);
  const enough = Math.min(0.5, most / 2) - 1e-6;
  const set = Uint8Array.from(shares, (s) => (s >= enough ? 1 : 0));
  keepSpecks(mask, set, (x * cells) / side, (y * cells) / side, cells);
  return { box: { x0: box.x0 * x, y0: box.y0 * y, x1: box.x1 * x, y1: box.y1 * y }, cells: set };
}

/** Sets a cell for each component of a mask that has none. @param x - cells in a pixel's width, y - in its height */
function keepSpecks(mask: Mask, set: Uint8Array, x: number, y: number, cells: number): void {
  const { data, components: all } = components(mask);
  const cellAt = (u: number, v: number) => Math.floor((v + 0.5) * y) * cells + Math.floor((u + 0.5) * x);
  for (const { label, box } of all) {
    const pixels: [u: number, v: number][] = [];
    let isKept = false;
    for (let v = box.y0; v < box.y1 && !isKept; v++) {
      for (let u = box.x0; u < box.x1 && !isKept; u++) {
        if (data[v * mask.width + u] !== label) continue;
        isKept = set[cellAt(u, v)] === 1;
        pixels.push([u, v]);
      }
    }
    if (!isKept) set[mostCovered(pixels, x, y, cells)] = 1;
  }
}

/** The cell of which some pixels cover most. */
function mostCovered(pixels: readonly (readonly [u: number, v: number])[], x: number, y: number, cells: number): number {
  const shares = new Map<number, number>();
  for (const [u, v] of pixels) {
    spread(v * y, (v + 1) * y, cells, (row, height) => {
      spread(u * x, (u + 1) * x, cells, (column, width) => {
        const cell = row * cells + column;
        shares.set(cell, (shares.get(cell) ?? 0) + height * width);
      });
    });
  }
  return [...shares].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
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
