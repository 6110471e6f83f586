import { atLeast, type GrayImage, histogram, opencvNearest, twoMeans } from "../image/index.ts";
import type { CutMask } from "./coarse-method.ts";

/** The released script clusters the levels of the map at this size, whatever the size of the map. */
const grid = { width: 256, height: 256 };

/**
 * The brighter of two clusters of levels: nearest to 256 x 256, exact 2-means, nearest back to the map's size.
 * A constant map has no brighter cluster; its mask is empty.
 *
 * @remarks The detour through 256 x 256 shifts the outline by up to half a grid cell; it is what the published masks have.
 */
export function kmeansMask(map: GrayImage): CutMask {
  const small = opencvNearest(map, grid);
  const level = twoMeans(histogram(small))?.lowestForeground;
  if (level === undefined) return { width: map.width, height: map.height, data: new Uint8Array(map.data.length) };
  const labels = { ...grid, data: atLeast(small.data, level) };
  return { ...opencvNearest(labels, map), level };
}
