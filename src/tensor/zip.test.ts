import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memorySource } from "./_byte-source.ts";
import { writeTestZip } from "./_zip-for-tests.ts";
import { withFile } from "./files/node.ts";
import { dataOffset, readZipDirectory } from "./zip.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zip-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The content of every entry of an archive in memory. */
async function contents(bytes: Uint8Array): Promise<Record<string, string>> {
  const source = memorySource("a.zip", bytes);
  const texts: Record<string, string> = {};
  for (const [name, entry] of await readZipDirectory(source)) {
    texts[name] = new TextDecoder().decode(await source.read(await dataOffset(source, entry), entry.size));
  }
  return texts;
}

async function archive(forceZip64 = false): Promise<Buffer> {
  const file = join(folder, "a.zip");
  const entries = ["one", "two", ""].map((text, i) => ({ name: `root/${i}`, data: Buffer.from(text) }));
  await writeTestZip(file, entries, forceZip64);
  return readFile(file);
}

test.each([
  ["plain", false],
  ["zip64", true],
])("entries are found by the directory, their data by the local header: %s", async (_, forceZip64) => {
  expect(await contents(await archive(forceZip64))).toEqual({ "root/0": "one", "root/1": "two", "root/2": "" });
});

test("a comment at the end is skipped, even one that contains the mark of an end", async () => {
  const bytes = await archive();
  const comment = Buffer.from("PK\x05\x06 is how a directory ends");
  bytes.writeUInt16LE(comment.length, bytes.length - 2);
  expect(Object.keys(await contents(Buffer.concat([bytes, comment])))).toHaveLength(3);
});

// Python's zipfile made this one: python3 -c "import zipfile; zipfile.ZipFile('x.zip', 'w').writestr('a/b', 'hi')" | base64
test("an archive by Python's zipfile is read", async () => {
  const base64 =
    "UEsDBBQAAAAAAAAAIQCsKpPYAgAAAAIAAAADAAAAYS9iaGlQSwECFAMUAAAAAAAAACEArCqT2AIAAAACAAAAAwAAAAAAAAAAAAAAgAEAAAAAYS9iUEsFBgAAAAABAAEAMQAAACMAAAAAAA==";
  expect(await contents(Buffer.from(base64, "base64"))).toEqual({ "a/b": "hi" });
});

test("an entry beyond 4 GiB is found without reading what lies before it", async () => {
  const file = join(folder, "large.zip");
  const hole = 5 * 2 ** 30;
  await writeTestZip(file, [
    { name: "r/hole", data: { hole } },
    { name: "r/after", data: Buffer.from("after") },
  ]);
  await withFile(file, async (source) => {
    const entries = await readZipDirectory(source);
    expect(entries.get("r/hole")!.size).toBe(hole);
    const offset = await dataOffset(source, entries.get("r/after")!);
    expect(offset).toBeGreaterThan(hole);
    expect(new TextDecoder().decode(await source.read(offset, 5))).toBe("after");
  });
  await rm(file);
});

describe("a damaged archive is refused", () => {
  const damages: [string, (bytes: Buffer) => Uint8Array, string | RegExp][] = [
    ["cut off", (bytes) => bytes.subarray(0, -30), /"a.zip" is incomplete: .* the directory at the end is missing. Download it again/],
    ["empty", () => new Uint8Array(0), /is incomplete/],
    ["directory out of bounds", (bytes) => set(bytes, bytes.length - 6, 0xffffff), /its directory should lie at bytes 16777215 to/],
    ["too many entries", (bytes) => set(bytes, bytes.length - 12, 9), /entry \d of 9 is missing from its directory/],
    ["header elsewhere", (bytes) => set(bytes, bytes.lastIndexOf("PK\x01\x02") + 42, 3), /"root\/2" does not begin at byte 3/],
    ["header beyond the end", (bytes) => set(bytes, bytes.lastIndexOf("PK\x01\x02") + 42, 1e6), /"root\/2" should begin at byte 1000000/],
    ["size beyond the end", (bytes) => set(bytes, bytes.lastIndexOf("PK\x01\x02") + 20, 1e6), /"root\/2" should end at byte/],
    ["zip64 field missing", (bytes) => set(bytes, bytes.lastIndexOf("PK\x01\x02") + 20, 0xffffffff), /"root\/2" lacks its zip64 field/],
    ["a name twice", (bytes) => set(bytes, bytes.lastIndexOf("root/2"), 0x31, "root/".length), /two entries named "root\/1"/],
  ];
  test.each(damages)("%s", async (_, damage, message) => {
    await expect(contents(damage(await archive()))).rejects.toThrow(message);
  });

  test("any damage to one byte gives a weights error or something readable", async () => {
    for (const forceZip64 of [false, true]) {
      const whole = await archive(forceZip64);
      for (let position = 0; position < whole.length; position++) {
        for (const byte of [0, 0x7f, 0xff]) {
          const damaged = Uint8Array.from(whole);
          damaged[position] = byte;
          await contents(damaged).catch((error) => expect(error).toMatchObject({ code: "weights" }));
        }
      }
    }
  });

  test("a file that is cut anywhere is called incomplete or damaged", async () => {
    const whole = await archive();
    for (let length = 0; length < whole.length; length++) {
      await expect(contents(whole.subarray(0, length))).rejects.toMatchObject({ code: "weights" });
    }
  });
});

/** Writes a 32-bit number, or with `shift` a single byte that much further on. */
function set(bytes: Buffer, position: number, value: number, shift?: number): Buffer {
  if (shift === undefined) bytes.writeUInt32LE(value, position);
  else bytes.writeUInt8(value, position + shift);
  return bytes;
}
