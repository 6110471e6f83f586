import { writeFileSync } from "node:fs";

/**
 * Writes a plain ustar archive of text or bytes.
 *
 * @param kinds - the type flag of members that are no files, by name
 */
export function writeTar(
  file: string,
  members: Readonly<Record<string, string | Uint8Array>> | readonly (readonly [name: string, content: string])[],
  kinds: Readonly<Record<string, string>> = {},
): void {
  const blocks: Uint8Array[] = [];
  for (const [name, content] of Array.isArray(members) ? members : Object.entries(members)) {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000644", 100);
    header.write(bytes.length.toString(8).padStart(11, "0"), 124);
    header.write(" ".repeat(8), 148);
    header.write(kinds[name] ?? "0", 156);
    header.write("ustar", 257);
    header.write("00", 263);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0`, 148);
    blocks.push(header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  writeFileSync(file, Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
