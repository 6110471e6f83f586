import { asSample } from "../../../dicom/bits.ts";
import type { DataSet } from "../../../dicom/data-set.ts";
import type { PixelFormat } from "./pixel-format.ts";

/** Whether a stored value fills the place around the image; undefined where the object has no such values. */
export type Padding = ((stored: number) => boolean) | undefined;

/** Pixel Padding Value, up to its Range Limit. @see DICOM PS3.3, C.7.5.1.1.2 */
export function paddingOf(attributes: DataSet, format: PixelFormat): Padding {
  if (format.samples > 1 || format.photometric === "PALETTE COLOR") return undefined;
  const prefix = { PixelData: "Pixel", FloatPixelData: "FloatPixel", DoubleFloatPixelData: "DoubleFloatPixel" }[format.source];
  const value = attributes.number(`${prefix}PaddingValue`);
  if (value === undefined || Number.isNaN(value)) return undefined;
  const limit = attributes.number(`${prefix}PaddingRangeLimit`) ?? value;
  const [a, b] = format.source === "PixelData" ? [asSample(value, format), asSample(limit, format)] : [value, limit];
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  return (stored) => stored >= low && stored <= high;
}
