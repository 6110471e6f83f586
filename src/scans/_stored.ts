import { isWhiteZero } from "./_indexed.ts";
import type { AnyPixels } from "./sources/raster-pixels.ts";

/** Samples as stored in the file, and the largest that their type can have: the decoder scales those of less than 8 bits to 0 to 255. */
export function stored({ data, stride, bitDepth, hasAlpha }: AnyPixels) {
  const isSpread = bitDepth < 8;
  const full = data instanceof Uint8Array ? 2 ** bitDepth - 1 : data instanceof Uint16Array ? 65535 : undefined;
  return { data: isSpread ? data.map((value) => (value * full!) / 255) : data, stride, hasAlpha, full };
}

/** The same samples where a TIFF stores white as 0, which the decoder turns round, as the file has them. */
export function unturned<T extends ReturnType<typeof stored>>(samples: T, bytes: Uint8Array): T {
  const { full } = samples;
  return full !== undefined && isWhiteZero(bytes) ? { ...samples, data: samples.data.map((value) => full - value) } : samples;
}
