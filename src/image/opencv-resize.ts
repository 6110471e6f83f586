import { blend, blendBytes, type LinearAxis, linearAxis, perSample } from "./_linear.ts";
import { channelsOf, checkSize, type Raster } from "./_raster.ts";
import type { Size } from "./types.ts";

/**
 * The input index that OpenCV's nearest-neighbour resize takes for each output index of one axis.
 *
 *   index = min(floor(i · s), length - 1),   s = 1 / (size / length),   every operation in float64
 *
 * This is not floor(i · length / size): 142 of the sizes 20..1499 differ for a length of 224, 320 and 640 among them.
 */
export function opencvNearestIndex(length: number, size: number): Int32Array<ArrayBuffer> {
  const scale = 1 / (size / length);
  return Int32Array.from({ length: size }, (_, i) => Math.min(Math.floor(i * scale), length - 1));
}

/**
 * Resizes as OpenCV's INTER_NEAREST: masks, stored saliency maps and float32 maps keep their exact values.
 *
 * @param raster - [H, W] or [H, W, C]
 * @throws ShapeError when the size is not at least 1 x 1, or the data do not fit the raster's size
 */
export function opencvNearest<Data extends Uint8Array | Float32Array>(raster: Raster<Data>, size: Size): Raster<Data> {
  checkSize(size, "opencvNearest");
  const channels = channelsOf(raster, "opencvNearest");
  const columns = opencvNearestIndex(raster.width, size.width);
  const rows = opencvNearestIndex(raster.height, size.height);
  const length = size.width * size.height * channels;
  const data = (raster.data instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length)) as Data;
  for (let y = 0, o = 0; y < size.height; y++) {
    const row = rows[y]! * raster.width;
    if (y > 0 && rows[y] === rows[y - 1]) {
      data.copyWithin(o, o - size.width * channels, o);
      o += size.width * channels;
      continue;
    }
    for (let x = 0; x < size.width; x++) {
      const pixel = (row + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) data[o++] = raster.data[pixel + c]!;
    }
  }
  return { width: size.width, height: size.height, data };
}

/**
 * Resizes as OpenCV's INTER_LINEAR: half-pixel centres, edge clamp, no antialiasing.
 *
 * float32 values are blended in float32. 8-bit values are blended with weights of 11 bits, as OpenCV does.
 *
 * @param raster - [H, W] or [H, W, C]
 * @throws ShapeError when the size is not at least 1 x 1, or the data do not fit the raster's size
 */
export function opencvLinear<Data extends Uint8Array | Float32Array>(raster: Raster<Data>, size: Size): Raster<Data> {
  checkSize(size, "opencvLinear");
  const channels = channelsOf(raster, "opencvLinear");
  const x = perSample(opencvAxis(raster.width, size.width), channels);
  const y = opencvAxis(raster.height, size.height);
  const rowLength = raster.width * channels;
  const data = raster.data instanceof Float32Array ? blend(raster.data, rowLength, x, y) : blendBytes(raster.data, rowLength, x, y);
  return { width: size.width, height: size.height, data: data as Data };
}

/** Positions are computed in float64 and rounded to float32 once. */
function opencvAxis(length: number, size: number): LinearAxis {
  const scale = 1 / (size / length);
  return linearAxis(size, 0, length, (i) => Math.fround((i + 0.5) * scale - 0.5));
}
