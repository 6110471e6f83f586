import type { DicomFile } from "../../../dicom/attributes.ts";
import { InputError } from "../../../errors.ts";
import { unpackFrame } from "./bits.ts";

/** Levels of a frame by its number in the object, from 0. */
export type SegPixels = (index: number) => Promise<Uint8Array>;

/** The pixels of a segmentation, decoded frame by frame. @throws InputError when there are too few, or they cannot be decoded */
export function segPixels(
  { name, attributes }: DicomFile,
  { rows, columns, count }: { readonly rows: number; readonly columns: number; readonly count: number },
): SegPixels {
  const size = rows * columns;
  const bits = attributes.number("BitsAllocated");
  if (bits !== 1 && bits !== 8) throw new InputError(`"${name}" is a DICOM SEG with ${bits} bits a pixel; expected 1 or 8.`);
  const bytes = attributes.bytes("PixelData");
  const needed = bits === 1 ? Math.ceil((size * count) / 8) : size * count;
  if ((bytes?.length ?? 0) < needed)
    throw new InputError(
      `"${name}" is a truncated DICOM SEG: ${bytes?.length ?? 0} bytes of pixels, expected ${needed}. Copy or export it again.`,
    );
  return async (index) => (bits === 1 ? unpackFrame(bytes!, index, size) : bytes!.subarray(index * size, (index + 1) * size));
}
