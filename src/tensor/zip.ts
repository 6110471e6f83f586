import { WeightsError } from "../errors.ts";
import type { ByteSource } from "./_byte-source.ts";

/** One file of a zip archive, as the directory at the archive's end describes it. */
export interface ZipEntry {
  readonly name: string;
  /** 0 is stored as it is, 8 is deflated. */
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly size: number;
  readonly compressedSize: number;
  /** CRC-32 of the data before compression. */
  readonly crc: number;
  /** Where the entry's local header begins; the data follow it at `dataOffset`. */
  readonly headerOffset: number;
}

// Records begin with the letters PK and two bytes that tell their kind.
const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;

const END_LENGTH = 22;
const LONGEST_COMMENT = 0xffff;
const DIRECTORY_LIMIT = 2 ** 28;

/**
 * The directory of a zip archive by name, zip64 included. Reads the end of the archive and the directory, nothing else.
 *
 * @throws WeightsError when there is no directory, as after an interrupted download, or it contradicts itself
 * @see PKWARE APPNOTE.TXT 6.3, section 4.3
 */
export async function readZipDirectory(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const { count, offset, size } = await findDirectory(source);
  if (size > DIRECTORY_LIMIT || offset + size > source.size) {
    throw damaged(source, `its directory should lie at bytes ${offset} to ${offset + size} of ${source.size}`);
  }
  const view = viewOf(await source.read(offset, size));
  const entries = new Map<string, ZipEntry>();
  let position = 0;
  for (let i = 0; i < count; i++) {
    if (position + 46 > size || view.getUint32(position, true) !== DIRECTORY_ENTRY) {
      throw damaged(source, `entry ${i} of ${count} is missing from its directory`);
    }
    const nameLength = view.getUint16(position + 28, true);
    const extraLength = view.getUint16(position + 30, true);
    const next = position + 46 + nameLength + extraLength + view.getUint16(position + 32, true);
    if (next > size) throw damaged(source, `entry ${i} of ${count} is cut off in its directory`);
    const entry = parseEntry(source, view, position, nameLength, extraLength);
    if (entries.has(entry.name)) throw damaged(source, `it has two entries named "${entry.name}"`);
    entries.set(entry.name, entry);
    position = next;
  }
  return entries;
}

/**
 * Where the data of an entry begin. Only its local header tells: that one's extra field differs from the directory's, for instance
 * by the padding with which torch aligns the data.
 */
export async function dataOffset(source: ByteSource, entry: ZipEntry): Promise<number> {
  const start = entry.headerOffset;
  if (start + 30 > source.size) throw damaged(source, `"${entry.name}" should begin at byte ${start} of ${source.size}`);
  const header = viewOf(await source.read(start, 30));
  if (header.getUint32(0, true) !== LOCAL_HEADER) throw damaged(source, `"${entry.name}" does not begin at byte ${start}`);
  const offset = start + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (offset + entry.compressedSize > source.size) {
    throw damaged(source, `"${entry.name}" should end at byte ${offset + entry.compressedSize} of ${source.size}`);
  }
  return offset;
}

/** The end record has the last word on where the directory is; with zip64 it defers to a longer record by way of a locator. */
async function findDirectory(source: ByteSource): Promise<{ count: number; offset: number; size: number }> {
  const tailLength = Math.min(source.size, END_LENGTH + LONGEST_COMMENT + 20);
  const tailStart = source.size - tailLength;
  const tail = viewOf(await source.read(tailStart, tailLength));
  const end = endRecord(tail);
  if (end === undefined) {
    throw new WeightsError(
      `"${source.name}" is incomplete: it begins like a zip archive, but the directory at the end is missing. Download it again.`,
    );
  }
  const locator = end - 20;
  if (locator < 0 || tail.getUint32(locator, true) !== END_64_LOCATOR) {
    return { count: tail.getUint16(end + 10, true), size: tail.getUint32(end + 12, true), offset: tail.getUint32(end + 16, true) };
  }
  const position = integer64(tail, locator + 8);
  if (position + 56 > source.size) throw damaged(source, `its zip64 record should lie at byte ${position} of ${source.size}`);
  const record = viewOf(await source.read(position, 56));
  if (record.getUint32(0, true) !== END_64) throw damaged(source, `there is no zip64 record at byte ${position}`);
  return { count: integer64(record, 32), size: integer64(record, 40), offset: integer64(record, 48) };
}

/** The end record is the last one whose comment reaches exactly to the end of the archive. */
function endRecord(tail: DataView): number | undefined {
  for (let i = tail.byteLength - END_LENGTH; i >= 0; i--) {
    if (tail.getUint32(i, true) === END && i + END_LENGTH + tail.getUint16(i + 20, true) === tail.byteLength) return i;
  }
  return undefined;
}

function parseEntry(source: ByteSource, view: DataView, position: number, nameLength: number, extraLength: number): ZipEntry {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + position + 46, nameLength);
  const name = new TextDecoder().decode(bytes);
  const short = [24, 20, 42].map((field) => view.getUint32(position + field, true)); // size, compressed size, header offset
  const [size, compressedSize, headerOffset] = short.includes(0xffffffff)
    ? widen(source, name, short, new DataView(view.buffer, bytes.byteOffset + nameLength, extraLength))
    : short;
  const isEncrypted = (view.getUint16(position + 8, true) & 1) === 1;
  const method = view.getUint16(position + 10, true);
  const crc = view.getUint32(position + 16, true);
  return { name, method, isEncrypted, crc, size: size!, compressedSize: compressedSize!, headerOffset: headerOffset! };
}

/** A number that does not fit 32 bits is written as 0xFFFFFFFF, and the true ones follow one another in the zip64 extra field. */
function widen(source: ByteSource, name: string, short: number[], extra: DataView): number[] {
  for (let i = 0; i + 4 <= extra.byteLength; i += 4 + extra.getUint16(i + 2, true)) {
    if (extra.getUint16(i, true) !== 1) continue;
    const end = Math.min(extra.byteLength, i + 4 + extra.getUint16(i + 2, true));
    let position = i + 4;
    return short.map((value) => {
      if (value !== 0xffffffff) return value;
      if (position + 8 > end) throw damaged(source, `the zip64 field of "${name}" is cut off`);
      position += 8;
      return integer64(extra, position - 8);
    });
  }
  throw damaged(source, `"${name}" lacks its zip64 field`);
}

/** Values beyond 2⁵³ lose digits here, but lie beyond the end of any file and are refused as such. */
function integer64(view: DataView, position: number): number {
  return Number(view.getBigUint64(position, true));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(source: ByteSource, what: string): WeightsError {
  return new WeightsError(`"${source.name}" is a damaged zip archive: ${what}. Download it again.`);
}
