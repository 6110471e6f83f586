import type { DicomObject } from "../../../dicom/read-file.ts";
import { InputError } from "../../../errors.ts";
import { pixelFormat } from "../../../scans/sources/dicom/pixel-format.ts";
import { storedFrames } from "../../../scans/sources/dicom/stored-frames.ts";

/** Levels of a frame by its number in the object, from 0. */
export type SegPixels = (index: number) => Promise<Uint8Array | Uint16Array>;

/** The pixels of a segmentation, decoded frame by frame. @throws InputError when there are too few, or they cannot be decoded */
export function segPixels(object: DicomObject): SegPixels {
  const read = storedFrames(object, pixelFormat(object));
  return async (index) => {
    const { data } = await read(index);
    if (data instanceof Uint8Array || data instanceof Uint16Array) return data;
    throw new InputError(
      `"${object.name}" is a DICOM SEG whose pixels are neither bits, bytes nor unsigned 16-bit labels. Export it again.`,
    );
  };
}
