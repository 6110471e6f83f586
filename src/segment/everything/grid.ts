import type { Box, Point, Size } from "../../image/index.ts";

/** Points evenly over an image, n x n, row by row: (i + 0.5) / n of each side. */
export function pointGrid(perSide: number, { width, height }: Size): Point[] {
  const at = (i: number) => (i + 0.5) / perSide;
  return Array.from({ length: perSide * perSide }, (_, i) => ({ x: at(i % perSide) * width, y: at(Math.floor(i / perSide)) * height }));
}

/** A part of the image that is looked at by itself. */
export interface Crop {
  readonly box: Box;
  /** 0 for the whole image. */
  readonly layer: number;
}

/**
 * The image, then for each layer i from 1 its 2^i x 2^i overlapping crops, column by column.
 *
 * @param overlapShare - overlap in the first layer, as a share of the shorter side; halved with each layer
 */
export function cropsOf({ width, height }: Size, layers: number, overlapShare: number): Crop[] {
  const crops: Crop[] = [{ box: { x0: 0, y0: 0, x1: width, y1: height }, layer: 0 }];
  for (let layer = 1; layer <= layers; layer++) {
    const perSide = 2 ** layer;
    const overlap = Math.floor(overlapShare * Math.min(width, height) * (2 / perSide));
    const [wide, tall] = [width, height].map((side) => Math.ceil((overlap * (perSide - 1) + side) / perSide)) as [number, number];
    for (let i = 0; i < perSide; i++) {
      for (let j = 0; j < perSide; j++) {
        const [x0, y0] = [(wide - overlap) * i, (tall - overlap) * j];
        // The last crops of a small image may lie beyond it.
        if (x0 < width && y0 < height)
          crops.push({ box: { x0, y0, x1: Math.min(x0 + wide, width), y1: Math.min(y0 + tall, height) }, layer });
      }
    }
  }
  return crops;
}
