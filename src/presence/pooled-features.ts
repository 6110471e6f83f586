import type { Mask } from "../image/index.ts";

/** Features on a square grid over an image. */
export interface FeatureGrid {
  readonly data: Float32Array;
  /** Cells along a side, g. */
  readonly side: number;
  readonly channels: number;
  /** Where the first value lies, and how far apart those of neighbouring cells and channels are. */
  readonly start: number;
  readonly cellStride: number;
  readonly channelStride: number;
  /** The centre of the image's pixel x is at (x + 0.5) · scaleX - offsetX cells from the left, and so for y. */
  readonly place: { readonly scaleX: number; readonly scaleY: number; readonly offsetX: number; readonly offsetY: number };
}

/**
 * The mean direction of features in a mask and in the whole image, as far as the grid covers it: the features of each cell at unit length,
 * weighted by the pixels in it.
 *
 * @param mask - of the size of the image; where the grid covers nothing of it, the mean of the whole image stands for it
 * @returns [2 · channels]
 */
export function pooledFeatures(grid: FeatureGrid, mask: Mask): Float32Array {
  const { data, side, channels, start, cellStride, channelStride } = grid;
  const { inside, all } = pixelsOfCells(grid, mask);
  const [count, total] = [sum(inside), sum(all)];
  const pooled = new Float64Array(2 * channels);
  for (let cell = 0; cell < side * side; cell++) {
    if (all[cell] === 0) continue;
    const first = start + cell * cellStride;
    let squares = 0;
    for (let c = 0; c < channels; c++) squares += data[first + c * channelStride]! ** 2;
    const unit = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    const [weight, share] = [(count > 0 ? inside[cell]! / count : all[cell]! / total) * unit, (all[cell]! / total) * unit];
    for (let c = 0; c < channels; c++) {
      const value = data[first + c * channelStride]!;
      pooled[c]! += weight * value;
      pooled[channels + c]! += share * value;
    }
  }
  return Float32Array.from(pooled);
}

/** Pixels of the image in each cell, and those of them in the mask. */
function pixelsOfCells({ side, place }: FeatureGrid, { width, height, data }: Mask) {
  const cells = (length: number, scale: number, offset: number) =>
    Int32Array.from({ length }, (_, i) => {
      const at = Math.floor((i + 0.5) * scale - offset);
      return at >= 0 && at < side ? at : -1;
    });
  const [columns, rows] = [cells(width, place.scaleX, place.offsetX), cells(height, place.scaleY, place.offsetY)];
  const [inside, all] = [new Float64Array(side * side), new Float64Array(side * side)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (columns[x]! < 0 || rows[y]! < 0) continue;
      const cell = rows[y]! * side + columns[x]!;
      all[cell]! += 1;
      inside[cell]! += data[y * width + x]!;
    }
  }
  return { inside, all };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
