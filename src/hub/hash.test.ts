import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { sha256OfFile } from "./hash.ts";

let folder = "";
let file = "";
let cache = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hash-"));
  file = join(folder, "weights.bin");
  cache = join(folder, "cache", "hashes.json");
});
afterEach(() => rm(folder, { recursive: true }));

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

test("the hash is that of the content, also of a large and of an empty file", async () => {
  for (const content of [new Uint8Array(3_000_001).fill(7), new Uint8Array(0)]) {
    await writeFile(file, content);
    expect(await sha256OfFile(file, { cache })).toBe(sha256(content));
  }
});

test("an unchanged file is not read again; a changed one is", async () => {
  await writeFile(file, "one");
  const time = new Date(1_700_000_000_000);
  await utimes(file, time, time);
  await sha256OfFile(file, { cache });
  // Content of the same length and time: only the cache can still know the first hash.
  await writeFile(file, "two");
  await utimes(file, time, time);
  expect(await sha256OfFile(file, { cache })).toBe(sha256("one"));
  await utimes(file, time, new Date(time.getTime() + 1000));
  expect(await sha256OfFile(file, { cache })).toBe(sha256("two"));
});

test("a broken cache is replaced", async () => {
  await writeFile(file, "one");
  await mkdir(join(folder, "cache"));
  for (const broken of ["{", "null", "[]", `{"${file}": null}`, `{"${file}": {"size": 3, "mtimeMs": 1, "sha256": "x"}}`]) {
    await writeFile(cache, broken);
    expect(await sha256OfFile(file, { cache })).toBe(sha256("one"));
    expect(JSON.parse(await readFile(cache, "utf8"))[file].sha256).toBe(sha256("one"));
  }
});

test("a cache that cannot be written costs nothing but time", async () => {
  await writeFile(file, "one");
  await writeFile(join(folder, "cache"), "a file where the folder should be");
  expect(await sha256OfFile(file, { cache })).toBe(sha256("one"));
});

test("a file that is not there is named", async () => {
  await expect(sha256OfFile(join(folder, "none"), { cache })).rejects.toThrow(InputError);
  await expect(sha256OfFile(join(folder, "none"), { cache })).rejects.toThrow(/none" cannot be read/);
});
