import { type FileHandle, open } from "node:fs/promises";

/** A member of a tar archive: its content is the `length` bytes from `offset` on. */
export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  /** False for folders, links and devices. */
  readonly isFile: boolean;
}

/** How reading an archive ended where it did not reach its end; `member` is the one that is cut short. */
export interface TarDamage {
  readonly reason: string;
  readonly member?: string;
}

const block = 512;

/**
 * Lists the members of a tar archive (ustar, GNU and pax names) without reading their content, so that each can be read later at
 * its offset.
 *
 * @returns what is wrong with the archive, if anything; the members before it are whole
 */
export async function* tarMembers(archive: string): AsyncGenerator<TarMember, TarDamage | undefined> {
  const handle = await open(archive);
  try {
    const { size } = await handle.stat();
    let longName: string | undefined;
    for (let at = 0; at < size; ) {
      const header = await read(handle, at, block);
      if (header.length < block) return { reason: "the archive ends inside a header" };
      if (header.every((byte) => byte === 0)) {
        // Two such blocks mark the end, one is enough. Only zeros may follow.
        return (await isZeroFrom(handle, at, size))
          ? undefined
          : { reason: "data follow the end mark, as in archives that were joined; only what is before it is read" };
      }
      if (!isChecked(header)) return { reason: at === 0 ? "it is not a tar archive" : `the header at byte ${at} is damaged` };
      const length = number(header.subarray(124, 136));
      const offset = at + block;
      const name = longName ?? nameOf(header);
      const kind = String.fromCharCode(header[156]!);
      if (offset + length > size) return { reason: `the archive ends inside ${name}`, member: name };
      if (kind === "L") longName = text(await read(handle, offset, length));
      else if (kind === "x") longName = paxPath(await read(handle, offset, length)) ?? longName;
      else if (kind !== "K" && kind !== "g") {
        // Neither the target of a link nor facts about the whole archive are members.
        longName = undefined;
        yield { name, offset, length, isFile: kind === "0" || kind === "\0" || kind === "7" };
      }
      at = offset + Math.ceil(length / block) * block;
    }
    return undefined; // the end is not marked, which some writers leave out
  } finally {
    await handle.close();
  }
}

/** Whether nothing but zeros follows. */
async function isZeroFrom(handle: FileHandle, from: number, size: number): Promise<boolean> {
  for (let at = from; at < size; at += 2 ** 16) {
    const bytes = await read(handle, at, Math.min(2 ** 16, size - at));
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  }
  return true;
}

/** `length` bytes from `offset` on, fewer at the end of the file. */
export async function read(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

/** The text of a field, up to its first zero. */
function text(field: Uint8Array): string {
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function nameOf(header: Uint8Array): string {
  const name = text(header.subarray(0, 100));
  const prefix = text(header.subarray(257, 262)) === "ustar" && header[262] === 0 ? text(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Octal digits, or, where the first bit is set, a big-endian number. */
function number(field: Uint8Array): number {
  if (field[0]! & 0x80) return field.subarray(1).reduce((value, byte) => value * 256 + byte, field[0]! & 0x7f);
  return Number.parseInt(text(field).trim() || "0", 8);
}

/** Whether the sum of all bytes is the one that the header tells; its own field counts as spaces. */
function isChecked(header: Uint8Array): boolean {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  return sum === number(header.subarray(148, 156));
}

/** The `path` of a pax header, which is a list of "<bytes of the record> <key>=<value>\n". */
function paxPath(content: Uint8Array): string | undefined {
  let path: string | undefined;
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const length = Number(text(content.subarray(at, space)));
    if (space < 0 || !(length > 0)) break;
    const record = new TextDecoder().decode(content.subarray(space + 1, at + length - 1));
    if (record.startsWith("path=")) path = record.slice("path=".length);
    at += length;
  }
  return path;
}
