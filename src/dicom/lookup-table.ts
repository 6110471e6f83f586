import { roundHalfEven } from "../round-half-even.ts";
import type { DataSet } from "./data-set.ts";
import type { Element } from "./elements.ts";

/** A lookup table: entries for `first`, `first + 1`, and so on; values outside take the first or the last entry. */
export interface LookupTable {
  readonly first: number;
  /** Of an entry, as the file says. */
  readonly bits: number;
  readonly entries: Uint16Array;
}

/** A lookup table is incomplete. The message has no file. */
export class LookupError extends Error {}

/** The entry of a value. */
export function entryOf({ first, entries }: LookupTable, value: number): number {
  return entries[Math.min(Math.max(Math.floor(value) - first, 0), entries.length - 1)]!;
}

/**
 * Reads a table: of the modality, of values of interest, or of one colour of a palette.
 *
 * @param names - keywords of the descriptor, of the data, and of segmented data, which hold runs and ramps instead of entries
 * @param isSigned - whether the values looked up are signed: files state their first one as an unsigned number
 * @throws LookupError when the table is missing or shorter than its descriptor says
 * @see DICOM PS3.3, C.11.1 and C.7.6.3.1.5
 */
export function lookupTable(
  attributes: DataSet,
  { descriptor, data, segmented }: { readonly descriptor: string; readonly data: string; readonly segmented?: string },
  isSigned: boolean,
): LookupTable {
  const [count, first, bits] = attributes.numbers(descriptor);
  if (count === undefined || first === undefined || bits === undefined || !(bits >= 1 && bits <= 16)) {
    throw new LookupError(`its ${descriptor} has ${attributes.numbers(descriptor).length} numbers, expected 3, the last from 1 to 16`);
  }
  const length = count & 0xffff || 0x10000;
  const stored = attributes.element(data);
  const runs = segmented === undefined ? undefined : attributes.element(segmented);
  const entries = stored ? numbersOf(stored, bits, length) : runs ? unrolled(numbersOf(runs, bits), bits, length) : undefined;
  if (!entries || entries.length < length) {
    throw new LookupError(`its ${data} has ${entries?.length ?? "no"} entries, expected ${length}`);
  }
  return { first: isSigned && first > 0x7fff ? first - 0x10000 : first, bits, entries: entries.subarray(0, length) };
}

/** Entries of 16 bits, or of 8 that stand side by side. @param length - how many there should be, by which the two are told apart */
function numbersOf({ value, isLittle, vr }: Element, bits: number, length?: number): Uint16Array {
  const isPacked = bits <= 8 && (length === undefined || value.length < 2 * length);
  if (isPacked) {
    const isPaired = !isLittle && vr === "OW";
    return Uint16Array.from({ length: value.length }, (_, i) => value[isPaired ? i ^ 1 : i]!);
  }
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Uint16Array.from({ length: Math.floor(value.length / 2) }, (_, i) => view.getUint16(2 * i, isLittle));
}

const [discrete, linear, indirect] = [0, 1, 2];

/** The entries that segments stand for. @see DICOM PS3.3, C.7.9.2 */
function unrolled(segments: Uint16Array, bits: number, length: number): Uint16Array {
  const entries: number[] = [];
  const bytes = bits <= 8 ? 1 : 2;
  /** @returns where the next segment begins */
  const run = (at: number, isRepeated: boolean): number => {
    const [code, count] = [segments[at], segments[at + 1]];
    if (code === undefined || count === undefined) throw new LookupError("its segmented palette is cut off");
    if (code === discrete) {
      for (let i = 0; i < count; i++) entries.push(segments[at + 2 + i] ?? 0);
      return at + 2 + count;
    }
    if (code === linear) {
      const [from, to] = [entries.at(-1) ?? 0, segments[at + 2] ?? 0];
      for (let i = 1; i <= count; i++) entries.push(roundHalfEven(from + ((to - from) * i) / count));
      return at + 3;
    }
    if (code !== indirect || isRepeated) throw new LookupError(`its segmented palette has a segment of type ${code}`);
    const place =
      bytes === 1
        ? [0, 1, 2, 3].reduce((sum, i) => sum + segments[at + 2 + i]! * 256 ** i, 0)
        : segments[at + 2]! + 65536 * segments[at + 3]!;
    let from = place / bytes;
    for (let i = 0; i < count && entries.length <= length; i++) from = run(from, true);
    return at + (bytes === 1 ? 6 : 4);
  };
  for (let at = 0; at < segments.length && entries.length < length; ) at = run(at, false);
  return Uint16Array.from(entries);
}
