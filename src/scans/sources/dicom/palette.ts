import { entryOf, lookupTable } from "../../../dicom/lookup-table.ts";
import type { DicomObject } from "../../../dicom/read-file.ts";
import type { PixelFormat } from "./pixel-format.ts";

/** The colours of indices, as [pixels, 3]. */
export type Palette = (indices: ArrayLike<number>) => Uint8Array;

/** The palette of an object; entries of 16 bits are reduced to their upper 8. @throws LookupError */
export function paletteOf({ attributes }: DicomObject, { isSigned }: PixelFormat): Palette {
  const channels = ["Red", "Green", "Blue"].map((colour) => {
    const start = `${colour}PaletteColorLookupTable`;
    const names = { descriptor: `${start}Descriptor`, data: `${start}Data`, segmented: `Segmented${start}Data` };
    return lookupTable(attributes, names, isSigned);
  });
  return (indices) => {
    const rgb = new Uint8Array(indices.length * 3);
    for (const [c, table] of channels.entries()) {
      const shift = table.bits > 8 ? 8 : 0;
      for (let i = 0; i < indices.length; i++) rgb[3 * i + c] = entryOf(table, indices[i]!) >> shift;
    }
    return rgb;
  };
}
