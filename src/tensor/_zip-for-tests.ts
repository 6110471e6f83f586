import { open } from "node:fs/promises";

/** An entry to write: its bytes, or a hole of that many zero bytes that takes no space on disk. */
export interface TestEntry {
  readonly name: string;
  readonly data: Uint8Array | { readonly hole: number };
  readonly method?: number;
  readonly flags?: number;
}

/** Writes a zip archive of stored entries as torch does, zip64 where numbers need it; entries are padded to multiples of 64 bytes. */
export async function writeTestZip(file: string, entries: readonly TestEntry[], forceZip64 = false): Promise<void> {
  const handle = await open(file, "w");
  let position = 0;
  const put = async (bytes: Uint8Array) => {
    await handle.write(bytes, 0, bytes.length, position);
    position += bytes.length;
  };
  const directory: Buffer[] = [];
  for (const { name, data, method = 0, flags = 0 } of entries) {
    const size = "hole" in data ? data.hole : data.length;
    const headerOffset = position;
    const padding = Buffer.alloc((128 - ((position + 30 + name.length + 4) % 64)) % 64);
    const extra = Buffer.concat([fields(["FB", 2], [padding.length, 2]), padding]);
    const wide = (value: number) => forceZip64 || value >= 0xffffffff;
    const narrow = (value: number) => (wide(value) ? 0xffffffff : value);
    const common = [
      [flags, 2],
      [method, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [narrow(size), 4],
      [narrow(size), 4],
      [name.length, 2],
    ] as const;
    await put(Buffer.concat([fields(["PK\x03\x04", 4], [20, 2], ...common, [extra.length, 2]), Buffer.from(name), extra]));
    if ("hole" in data) position += size;
    else await put(data);
    const long = [size, size, headerOffset].filter(wide).map((value) => [value, 8] as const);
    const zip64 = long.length === 0 ? Buffer.alloc(0) : fields([1, 2], [8 * long.length, 2], ...long);
    const tail = [
      [zip64.length, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [narrow(headerOffset), 4],
    ] as const;
    directory.push(fields(["PK\x01\x02", 4], [20, 2], [20, 2], ...common, ...tail), Buffer.from(name), zip64);
  }
  const start = position;
  await put(Buffer.concat(directory));
  const [count, size] = [entries.length, position - start];
  if (forceZip64 || start >= 0xffffffff) {
    const record = position;
    await put(fields(["PK\x06\x06", 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4], [count, 8], [count, 8], [size, 8], [start, 8]));
    await put(fields(["PK\x06\x07", 4], [0, 4], [record, 8], [1, 4]));
    await put(fields(["PK\x05\x06", 4], [0, 2], [0, 2], [0xffff, 2], [0xffff, 2], [0xffffffff, 4], [0xffffffff, 4], [0, 2]));
  } else {
    await put(fields(["PK\x05\x06", 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [start, 4], [0, 2]));
  }
  await handle.close();
}

/** Little-endian numbers and letters of the given widths. */
function fields(...all: readonly (readonly [value: number | string, width: number])[]): Buffer {
  return Buffer.concat(
    all.map(([value, width]) => {
      if (typeof value === "string") return Buffer.from(value, "latin1");
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      return bytes.subarray(0, width);
    }),
  );
}
