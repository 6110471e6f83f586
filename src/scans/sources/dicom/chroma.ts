import type { IntegerArray } from "../../../dicom/bits.ts";

const blank = (like: IntegerArray, length: number): IntegerArray => new (like.constructor as new (length: number) => IntegerArray)(length);

/** From Y0 Y1 Cb Cr of two pixels, as YBR_FULL_422 is stored, to Y Cb Cr of each: the chromas are repeated, not interpolated. */
export function wholeChroma(halved: IntegerArray, { rows, columns }: { readonly rows: number; readonly columns: number }): IntegerArray {
  const data = blank(halved, rows * columns * 3);
  const pairs = Math.ceil(columns / 2);
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const pair = 4 * (y * pairs + (x >> 1));
      data[at++] = halved[pair + (x & 1)]!;
      data[at++] = halved[pair + 2]!;
      data[at++] = halved[pair + 3]!;
    }
  }
  return data;
}

/** From three planes to the three samples of a pixel side by side. */
export function interleaved(planes: IntegerArray): IntegerArray {
  const data = blank(planes, planes.length);
  const pixels = planes.length / 3;
  for (let s = 0; s < 3; s++) for (let i = 0; i < pixels; i++) data[3 * i + s] = planes[s * pixels + i]!;
  return data;
}

/** Samples deeper than 8 bits reduced to their upper 8. @returns [pixels, 3] */
export function eightBits(samples: ArrayLike<number>, bitsStored: number): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  const shift = Math.max(bitsStored - 8, 0);
  for (let i = 0; i < bytes.length; i++) bytes[i] = samples[i]! >>> shift;
  return bytes;
}

/** Y Cb Cr as RGB, halves rounded up. In place. @see ITU-T T.871; DICOM PS3.3, C.7.6.3.1.2 */
export function ybrToRgb(data: Uint8Array): Uint8Array {
  const level = (value: number) => Math.min(Math.max(Math.floor(value + 0.5), 0), 255);
  for (let at = 0; at < data.length; at += 3) {
    const [y, b, r] = [data[at]!, data[at + 1]! - 128, data[at + 2]! - 128];
    data[at] = level(y + 1.402 * r);
    data[at + 1] = level(y - 0.344136 * b - 0.714136 * r);
    data[at + 2] = level(y + 1.772 * b);
  }
  return data;
}
