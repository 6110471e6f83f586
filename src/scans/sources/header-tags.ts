/** Where the entries of a TIFF file's first directory stand, by tag; entries of other files are not read. */
export interface TiffHeader {
  /** Whether numbers have their lowest byte first. */
  readonly little: boolean;
  /** Bytes of an offset: 4, in BigTIFF 8. */
  readonly wide: number;
  readonly places: ReadonlyMap<number, number>;
  /** Reads an offset, or a count. */
  offset(at: number): number;
}

/** Where the first value of an entry stands: in the entry if all its values fit there. @param bytes - of one value */
export function valuesAt({ places, wide, offset }: TiffHeader, tag: number, bytes: number): number | undefined {
  const place = places.get(tag);
  if (place === undefined) return undefined;
  return bytes * offset(place + 4) > wide ? offset(place + 4 + wide) : place + 4 + wide;
}

/** @throws RangeError when the file is cut off. @see TIFF 6.0, section 2; BigTIFF differs in the width of counts and offsets */
export function tiffHeader(bytes: Uint8Array, view: DataView): TiffHeader {
  const little = bytes[0] === 0x49;
  const isBig = view.getUint16(2, little) === 43;
  const offset = (at: number) => (isBig ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const directory = offset(isBig ? 8 : 4);
  const entries = isBig ? offset(directory) : view.getUint16(directory, little);
  const [first, size, wide] = isBig ? [directory + 8, 20, 8] : [directory + 2, 12, 4];
  const places = new Map(Array.from({ length: entries }, (_, i) => [view.getUint16(first + i * size, little), first + i * size]));
  return { little, wide, places, offset };
}

const [bitsTag, extraSamplesTag] = [258, 338];

/** The samples of a TIFF file: bits of the first, and whether one that is no colour is marked as transparency; undefined for other or damaged files. */
export function tiffSamples(bytes: Uint8Array): { readonly bits: number | undefined; readonly hasAlpha: boolean } | undefined {
  if (bytes[0] !== 0x49 && bytes[0] !== 0x4d) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return unlessCutOff(() => {
    const header = tiffHeader(bytes, view);
    const first = (tag: number) => {
      const at = valuesAt(header, tag, 2);
      return at === undefined ? undefined : view.getUint16(at, header.little);
    };
    return { bits: first(bitsTag), hasAlpha: [1, 2].includes(first(extraSamplesTag) ?? 0) };
  });
}

/** The number of frames of an animated PNG; 1 for other files. @see https://www.w3.org/TR/png-3, section 11.3.4 */
export function pngFrames(bytes: Uint8Array): number {
  if (bytes[0] !== 0x89) return 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames = unlessCutOff(() => {
    for (let at = 8; ; at += 12 + view.getUint32(at)) {
      const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
      if (name === "acTL") return view.getUint32(at + 8);
      if (name === "IDAT") return 1;
    }
  });
  return frames ?? 1;
}

/** Undefined where a file is cut off: its decoder has a better message about the damage. */
export function unlessCutOff<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
