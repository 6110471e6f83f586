import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeTar } from "../../test/support/tar.ts";
import { sharedImages } from "./shared-images.ts";
import { readShard } from "./webdataset.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-shared-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string) {
  writeFileSync(join(folder, name), content);
  return { file: join(folder, name) };
}

const black = "0".repeat(10_000);

test("the same content under another name is found, in shards, too", async () => {
  const [a, copy, other] = [file("a.png", "one"), file("copy.png", "one"), file("other.png", "two")];
  writeTar(join(folder, "s.tar"), { "1.png": "one", "1.txt": "t" });
  const inShard = (await readShard(join(folder, "s.tar"))).pairs.map(({ image }) => image);
  expect(await sharedImages([a, other], [copy, ...inShard, file("b.png", "thr")])).toEqual([
    { trained: a.file, heldOut: copy.file },
    { trained: a.file, heldOut: join(folder, "s.tar/1.png") },
  ]);
  expect(await sharedImages([a], [a])).toEqual([{ trained: a.file, heldOut: a.file }]);
});

test("files of equal size and equal end that differ elsewhere are distinguished; unreadable files match none", async () => {
  const images = [file("x.bmp", `a${black}`), file("y.bmp", `b${black}`)];
  expect(await sharedImages([images[0]!], [images[1]!, { file: join(folder, "none.bmp") }])).toEqual([]);
});
