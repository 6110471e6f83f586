import { blend, linearAxis, perSample } from "./_linear.ts";
import { channelsOf, checkSize, checkWindow, type Raster } from "./_raster.ts";
import type { Box, Size } from "./types.ts";

/**
 * Bilinear interpolation of float32 values as torch's `interpolate(mode="bilinear", align_corners=False)`: half-pixel centres,
 * edge clamp, no antialiasing.
 *
 *   position = max(0, (i + 0.5) · in / out - 0.5),   in float32
 *
 * Cost: about four operations an output value, so 1024 x 1024 takes a few milliseconds.
 *
 * @param map - [H, W] or [H, W, C], of any range (logits, capacities, saliency)
 * @param source - the part of the map to resize, as if it had been cut out first; by default all of it
 * @throws ShapeError when the size or the part is not at least 1 x 1, or the part leaves the map
 */
export function bilinear(map: Raster<Float32Array>, size: Size, source?: Box): Raster<Float32Array<ArrayBuffer>> {
  if (source !== undefined) checkWindow(source, map, "bilinear");
  const { x0, y0, x1, y1 } = source ?? { x0: 0, y0: 0, x1: map.width, y1: map.height };
  const channels = channelsOf(map, "bilinear");
  checkSize(size, "bilinear");
  const x = linearAxis(size.width, x0, x1, torchPosition(x1 - x0, size.width));
  const y = linearAxis(size.height, y0, y1, torchPosition(y1 - y0, size.height));
  return { width: size.width, height: size.height, data: blend(map.data, map.width * channels, perSample(x, channels), y) };
}

/** torch computes positions in float32, where the third decimal of a position near 1,000 is already rounded. */
function torchPosition(length: number, size: number): (i: number) => number {
  const scale = Math.fround(length / size);
  return (i) => Math.max(0, Math.fround(Math.fround(scale * (i + 0.5)) - 0.5));
}
