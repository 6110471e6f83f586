import { blend, linearAxis, perSample } from "./_linear.ts";
import { channelsOf, checkSize, checkWindow, type Raster } from "./_raster.ts";
import type { Box, Size } from "./types.ts";

/** How the grid of the result lies on that of the map. */
export interface BilinearOptions {
  /** torch's `align_corners`: the outermost samples lie on each other, not the outer borders of the pixels. Default false. */
  readonly alignCorners?: boolean;
}

/**
 * Bilinear interpolation of float32 values as torch's `interpolate(mode="bilinear")`: edge clamp, no antialiasing.
 *
 *   position = max(0, (i + 0.5) · in / out - 0.5)      half-pixel centres, the default
 *   position = i · (in - 1) / (out - 1)                with `alignCorners`; 0 where out is 1
 *
 * Positions are in float32.
 * Cost: about four operations an output value, so 1024 x 1024 takes a few milliseconds.
 *
 * @param map - [H, W] or [H, W, C], of any range (logits, capacities, saliency)
 * @param source - the part of the map to resize, as if it had been cut out first; by default all of it
 * @throws ShapeError when the size or the part is not at least 1 x 1, or the part leaves the map
 */
export function bilinear(
  map: Raster<Float32Array>,
  size: Size,
  source?: Box,
  { alignCorners = false }: BilinearOptions = {},
): Raster<Float32Array<ArrayBuffer>> {
  if (source !== undefined) checkWindow(source, map, "bilinear");
  const { x0, y0, x1, y1 } = source ?? { x0: 0, y0: 0, x1: map.width, y1: map.height };
  const channels = channelsOf(map, "bilinear");
  checkSize(size, "bilinear");
  const position = alignCorners ? cornerPosition : centrePosition;
  const x = linearAxis(size.width, x0, x1, position(x1 - x0, size.width));
  const y = linearAxis(size.height, y0, y1, position(y1 - y0, size.height));
  return { width: size.width, height: size.height, data: blend(map.data, map.width * channels, perSample(x, channels), y) };
}

/** torch computes positions in float32, where the third decimal of a position near 1,000 is already rounded. */
function centrePosition(length: number, size: number): (i: number) => number {
  const scale = Math.fround(length / size);
  return (i) => Math.max(0, Math.fround(Math.fround(scale * (i + 0.5)) - 0.5));
}

function cornerPosition(length: number, size: number): (i: number) => number {
  const scale = size > 1 ? Math.fround((length - 1) / (size - 1)) : 0;
  return (i) => Math.fround(scale * i);
}
