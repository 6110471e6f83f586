import { channelsOf, checkSize, type Raster } from "./_raster.ts";
import { plainBytes, type WeightAxis, weightAxis, weightedSums } from "./_weights.ts";
import type { Size } from "./types.ts";

/**
 * Resizes as OpenCV's INTER_CUBIC: cubic convolution with a = -0.75 over 4 x 4 samples, half-pixel centres, edge clamp, no antialiasing.
 *
 *   k(x) = (a + 2) |x|³ - (a + 3) |x|² + 1            for |x| <= 1
 *          a |x|³ - 5a |x|² + 8a |x| - 4a             for 1 < |x| < 2
 *
 * It overshoots at edges: float32 values may leave the range of the input, 8-bit values are clamped.
 *
 * @param raster - [H, W] or [H, W, C]
 * @throws ShapeError when the size is not at least 1 x 1, or the data do not fit the raster's size
 * @see Keys 1981, Cubic convolution interpolation for digital image processing
 *
 * @remarks 8-bit values are summed in float32 and rounded once, which gives exactly what the native OpenCV 5.0.0 gives. Its
 *   WebAssembly build rounds weights to 11 bits instead, which moves about 4 % of the values by one level.
 */
export function opencvCubic<Data extends Uint8Array | Float32Array>(raster: Raster<Data>, size: Size): Raster<Data> {
  checkSize(size, "opencvCubic");
  const { width, height, data } = raster;
  const channels = channelsOf(raster, "opencvCubic");
  const [x, y] = [cubicAxis(width, size.width), cubicAxis(height, size.height)];
  const length = size.width * size.height * channels;
  const resized =
    data instanceof Float32Array
      ? weightedSums(data, { width, channels }, x, y, new Float32Array(length))
      : plainBytes(weightedSums(data, { width, channels }, x, y, new Uint8ClampedArray(length)));
  return { width: size.width, height: size.height, data: resized as Data };
}

/** Positions are computed in float64 and rounded to float32 once; beyond the edge the outermost sample is repeated. */
function cubicAxis(length: number, size: number): WeightAxis {
  const scale = 1 / (size / length);
  return weightAxis(size, (i) => {
    const at = Math.fround((i + 0.5) * scale - 0.5);
    const low = Math.floor(at);
    return cubicWeights(at - low).map((weight, t) => [Math.min(Math.max(low - 1 + t, 0), length - 1), weight]);
  });
}

/** The weights of the samples at -1, 0, 1 and 2 for a position x in [0, 1); the last one is what the others leave of 1. */
function cubicWeights(x: number): number[] {
  const a = -0.75;
  const inner = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const outer = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  const [first, second, third] = [outer(x + 1), inner(x), inner(1 - x)].map(Math.fround) as [number, number, number];
  return [first, second, third, 1 - first - second - third];
}
