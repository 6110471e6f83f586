/**
 * Which input positions make each output position of an axis, and with which weights: output i is the sum of input `input[t]` times
 * `weight[t]` over start[i] <= t < start[i + 1].
 */
export interface WeightAxis {
  readonly start: Int32Array;
  readonly input: Int32Array;
  readonly weight: Float32Array;
}

/** One input position and its weight. */
export type Tap = readonly [input: number, weight: number];

/** The axis whose output i is made of `taps(i)`. */
export function weightAxis(size: number, taps: (i: number) => readonly Tap[]): WeightAxis {
  const perOutput = Array.from({ length: size }, (_, i) => taps(i));
  const start = new Int32Array(size + 1);
  for (let i = 0; i < size; i++) start[i + 1] = start[i]! + perOutput[i]!.length;
  const all = perOutput.flat();
  return { start, input: Int32Array.from(all, ([input]) => input), weight: Float32Array.from(all, ([, weight]) => weight) };
}

/**
 * Sums along rows, then along columns, in float32, and writes to `out` with that array's own rounding.
 *
 * Every product and every sum is rounded to float32, as OpenCV's are: a mean of bytes that lies on a half goes the same way.
 *
 * @param data - [H, W, C], row-major
 * @param out  - [y, x, C]
 */
export function weightedSums<Out extends Float32Array | Uint8ClampedArray>(
  data: Uint8Array | Float32Array,
  { width, channels }: { readonly width: number; readonly channels: number },
  x: WeightAxis,
  y: WeightAxis,
  out: Out,
): Out {
  const height = data.length / (width * channels);
  const columns = x.start.length - 1;
  const rowLength = columns * channels;
  const rows = new Float32Array(height * rowLength); // [H, x, C]
  for (let row = 0, o = 0; row < height; row++) {
    const from = row * width * channels;
    for (let i = 0; i < columns; i++) {
      for (let c = 0; c < channels; c++, o++) {
        let sum = 0;
        for (let t = x.start[i]!; t < x.start[i + 1]!; t++) {
          sum = Math.fround(sum + Math.fround(data[from + x.input[t]! * channels + c]! * x.weight[t]!));
        }
        rows[o] = sum;
      }
    }
  }
  const sums = new Float32Array(rowLength);
  for (let j = 0; j < y.start.length - 1; j++) {
    sums.fill(0);
    for (let t = y.start[j]!; t < y.start[j + 1]!; t++) {
      const weight = y.weight[t]!;
      const from = y.input[t]! * rowLength;
      for (let i = 0; i < rowLength; i++) sums[i] = sums[i]! + Math.fround(rows[from + i]! * weight);
    }
    out.set(sums, j * rowLength);
  }
  return out;
}

/** The bytes of a clamped array, which rounds half to even as OpenCV does, as a plain one. */
export const plainBytes = (clamped: Uint8ClampedArray<ArrayBuffer>): Uint8Array<ArrayBuffer> => new Uint8Array(clamped.buffer);
