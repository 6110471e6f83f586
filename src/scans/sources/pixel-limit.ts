import { InputError } from "../../errors.ts";
import type { Size } from "../../image/types.ts";

/** Largest picture that is decoded; a forged header must not exhaust memory. */
const maxPixels = 100_000_000;

/** @throws InputError when a picture has more pixels than are read */
export function checkPixelCount({ width, height }: Size, file: string): void {
  if (width * height <= maxPixels) return;
  throw new InputError(`"${file}" has ${width} x ${height} pixels; at most ${maxPixels / 1e6} million are read. Make it smaller first.`);
}
