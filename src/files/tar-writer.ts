import { InputError } from "../errors.ts";

const block = 512;

/** The head of a file in a tar archive (ustar), with a fixed time so that the same files give the same bytes. @throws InputError for a name that is too long */
export function tarHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(block);
  const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at);
  const slash = name.length <= 100 ? -1 : name.indexOf("/", name.length - 101);
  if (name.length > 100 && (slash < 1 || slash > 155))
    throw new InputError(`"${name}" is too long for the name of a file in a tar archive.`);
  put(name.slice(slash + 1), 0);
  if (slash > 0) put(name.slice(0, slash), 345);
  put("0000644\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  putSize(header.subarray(124, 136), size);
  put("00000000000\0", 136);
  put("0", 156);
  put("ustar\0", 257);
  put("00", 263);
  header.fill(32, 148, 156); // the sum counts its own field as spaces
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** Eleven octal digits, or, from 8 GiB on, a big-endian number with the first bit set. */
function putSize(field: Uint8Array, size: number): void {
  if (size < 8 ** 11) {
    field.set(new TextEncoder().encode(`${size.toString(8).padStart(11, "0")}\0`));
    return;
  }
  field[0] = 0x80;
  for (let i = field.length - 1, rest = size; rest > 0; i--, rest = Math.floor(rest / 256)) field[i] = rest % 256;
}

/** What follows the content of a file, so that the next head begins at a whole block. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((block - (size % block)) % block);
}

/** The end of an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * block);
