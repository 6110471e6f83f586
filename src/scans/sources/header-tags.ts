/** Where the entries of a directory (a page) of a TIFF file stand, by tag; entries of other files are not read. */
export interface TiffHeader {
  /** Whether numbers have their lowest byte first. */
  readonly little: boolean;
  /** Bytes of an offset: 4, in BigTIFF 8. */
  readonly wide: number;
  readonly places: ReadonlyMap<number, number>;
  /** Where the directory of the next page stands; 0 behind the last one. */
  readonly next: number;
  /** Reads an offset, or a count. */
  offset(at: number): number;
}

/** Where the first value of an entry stands: in the entry if all its values fit there. @param bytes - of one value */
export function valuesAt({ places, wide, offset }: TiffHeader, tag: number, bytes: number): number | undefined {
  const place = places.get(tag);
  if (place === undefined) return undefined;
  return bytes * offset(place + 4) > wide ? offset(place + 4 + wide) : place + 4 + wide;
}

/**
 * @param page - where the directory stands; default that of the first page
 * @throws RangeError when the file is cut off
 * @see TIFF 6.0, section 2; BigTIFF differs in the width of counts and offsets
 */
export function tiffHeader(bytes: Uint8Array, view: DataView, page?: number): TiffHeader {
  const little = bytes[0] === 0x49;
  const isBig = view.getUint16(2, little) === 43;
  const offset = (at: number) => (isBig ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const directory = page ?? offset(isBig ? 8 : 4);
  const entries = isBig ? offset(directory) : view.getUint16(directory, little);
  const [first, size, wide] = isBig ? [directory + 8, 20, 8] : [directory + 2, 12, 4];
  const next = offset(first + entries * size);
  const places = new Map(Array.from({ length: entries }, (_, i) => [view.getUint16(first + i * size, little), first + i * size]));
  return { little, wide, places, next, offset };
}

/** A page of a TIFF file. */
export interface TiffPage {
  readonly header: TiffHeader;
  /** Bits of its first sample. */
  readonly bits: number;
  readonly samples: "unsigned" | "signed" | "float" | "other";
  /** Whether a sample that is no colour is marked as transparency. */
  readonly hasAlpha: boolean;
  /** Whether its gray levels have white as 0. */
  readonly isWhiteZero: boolean;
  /** Whether it is another page in fewer pixels, or marks the transparent part of another page. */
  readonly isOfOther: boolean;
}

/** Tags of values of 2 bytes. */
const tags = { bits: 258, photometric: 262, extraSamples: 338, sampleFormat: 339 } as const;
const subfileTag = 254;
/** Numbers of types of samples; types without a number are unsigned. */
const sampleFormats = [undefined, "unsigned", "signed", "float"] as const;

/** The pages of a TIFF file, up to the first damaged one; none of other files. */
export function tiffPages(bytes: Uint8Array): TiffPage[] {
  if (bytes[0] !== 0x49 && bytes[0] !== 0x4d) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pages: TiffPage[] = [];
  const visited = new Set<number>();
  unlessCutOff(() => {
    for (let header = tiffHeader(bytes, view); ; header = tiffHeader(bytes, view, header.next)) {
      pages.push(tiffPage(header, view));
      if (header.next === 0 || visited.has(header.next)) return;
      visited.add(header.next);
    }
  });
  return pages;
}

function tiffPage(header: TiffHeader, view: DataView): TiffPage {
  const first = (tag: number) => {
    const at = valuesAt(header, tag, 2);
    return at === undefined ? undefined : view.getUint16(at, header.little);
  };
  const subfileAt = valuesAt(header, subfileTag, 4);
  const subfile = subfileAt === undefined ? 0 : view.getUint32(subfileAt, header.little);
  return {
    header,
    bits: first(tags.bits) ?? 1,
    samples: sampleFormats[first(tags.sampleFormat) ?? 1] ?? "other",
    hasAlpha: [1, 2].includes(first(tags.extraSamples) ?? 0),
    isWhiteZero: first(tags.photometric) === 0,
    isOfOther: (subfile & 0b101) !== 0,
  };
}

/** Pages whose values the decoder would change, as it takes every gray picture for one that is to be seen. */
const isChanged = ({ bits, samples, isWhiteZero }: TiffPage): boolean =>
  (bits === 16 && samples === "signed") || (isWhiteZero && (bits > 16 || samples !== "unsigned"));

/** The same TIFF file, whose headers now say that signed 16-bit values are unsigned, and that 0 is black where values are no levels of gray. */
export function asPlainValues(bytes: Uint8Array, pages: readonly TiffPage[]): Uint8Array {
  return pages.some(isChanged) ? (unlessCutOff(() => rewritten(bytes, pages)) ?? bytes) : bytes;
}

function rewritten(bytes: Uint8Array, pages: readonly TiffPage[]): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  for (const page of pages.filter(isChanged)) {
    const { header } = page;
    const put = (tag: number, value: number) => {
      const [place, at] = [header.places.get(tag), valuesAt(header, tag, 2)];
      if (place === undefined || at === undefined) return;
      for (let i = 0; i < header.offset(place + 4); i++) view.setUint16(at + 2 * i, value, header.little);
    };
    if (page.bits === 16 && page.samples === "signed") put(tags.sampleFormat, 1);
    if (page.isWhiteZero) put(tags.photometric, 1);
  }
  return copy;
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
